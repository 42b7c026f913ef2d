package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"countersign/ops/unlock"
	"countersign/session"
	"countersign/store/customers"
)

// shown is what is on file for a customer, and their lock, if it could be read.
type shown struct {
	record customers.Record
	known  bool // in the local directory
	habit  session.Habit
	lock   unlock.Lock
	noLock error // why the lock is not known
}

func customersShow(c *cli.Context) error {
	if err := arguments(c, 1, "one argument, the customer's id"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	id := c.Args().First()
	return readDirectory(c, func(d *customers.Reader) error {
		r, err := d.Show(c.Context, id)
		if err != nil && !errors.Is(err, customers.ErrUnknown) {
			return err
		}
		s := shown{record: r, known: err == nil}
		if s.habit, err = d.Habit(c.Context, id); err != nil {
			return err
		}
		s.lock, s.noLock = lockOf(c, cfg, d, id)
		if !s.known && s.lock.Failures == 0 && s.habit == (session.Habit{}) {
			if s.noLock != nil {
				return fmt.Errorf("there is no customer %q in the directory; whether this id is locked is unknown: %w",
					id, s.noLock)
			}
			return nobody(cfg, id, "no wrong answers are on record for this id")
		}
		if c.Bool("json") {
			return json.NewEncoder(c.App.Writer).Encode(s.json(id))
		}
		return s.print(c, id)
	})
}

func (s shown) json(id string) map[string]any {
	out := map[string]any{"id": id}
	if s.known {
		out = customerJSON(s.record.Customer)
		out["phones"] = append([]string{}, s.record.Phones...)
		out["emails"] = append([]string{}, s.record.Emails...)
		for _, i := range s.record.Identifiers {
			out[i.Kind] = i.Value
		}
	}
	if s.habit != (session.Habit{}) {
		out["habits"] = map[string]any{
			"language": s.habit.Language, "slow": s.habit.Slow, "answers": s.habit.Answers,
		}
	}
	out["in_directory"] = s.known
	out["lock"] = s.lock
	if s.noLock != nil {
		out["lock"], out["lock_unknown"] = nil, s.noLock.Error()
	}
	return out
}

func (s shown) print(c *cli.Context, id string) error {
	r := s.record
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	if s.known {
		fmt.Fprintf(w, "id\t%s\nname\t%s\nlanguage\t%s\nphones\t%s\n", r.ID, r.Name, r.Language, strings.Join(r.Phones, ", "))
	} else {
		fmt.Fprintf(w, "id\t%s\n\tnot in the local directory\n", printable(id))
	}
	if len(r.Emails) > 0 {
		fmt.Fprintf(w, "emails\t%s\n", strings.Join(r.Emails, ", "))
	}
	for _, i := range r.Identifiers {
		keyed := ""
		if keys := session.Keypad(i.Value); keys != i.Value {
			keyed = " (keyed " + keys + ")"
		}
		fmt.Fprintf(w, "%s\t%s%s\n", i.Kind, i.Value, keyed)
	}
	for _, x := range r.Credentials {
		fmt.Fprintf(w, "%s\ton file (%s)\n", x.Kind, x.Scheme)
	}
	if words := customers.HabitWords(s.habit); words != "" {
		fmt.Fprintf(w, "habits\t%s\n", strings.ReplaceAll(words, ";", ", "))
	}
	if s.noLock != nil {
		fmt.Fprintf(w, "locked\tunknown: %v\n", s.noLock)
	} else {
		fmt.Fprintf(w, "locked\t%s\n", lockSentence(s.lock))
	}
	return w.Flush()
}
