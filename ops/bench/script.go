package bench

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"countersign/freeswitch/sim"
	"countersign/lines"
	"countersign/session/event"
	"countersign/steps"
)

// Script is what made-up customers have on file and key on a line: each identifier and question with digits.
type Script struct {
	line    string
	entries []entry
}

// entry is one thing that a customer has on file and a caller is asked for.
type entry struct {
	// column of the file of customers; empty: nothing is on file.
	column string
	prompt string
	// value is what the i-th of n customers has, keys what they press for it.
	value func(i, n int) string
	keys  func(value string) string
}

// NewScript reads what a line asks. It fails if callers would need speech, a text message or an app.
func NewScript(def *lines.Definition) (*Script, error) {
	s := &Script{line: def.Line}
	for i := range def.Languages {
		s.add(entry{prompt: "language-" + strconv.Itoa(i+1), keys: always(strconv.Itoa(i + 1))})
	}
	s.add(entry{prompt: "read-back-confirm", keys: always("1")})
	identified := false
	for _, id := range def.Identify {
		switch way := id.Way.(type) {
		case *lines.Choice:
			s.add(entry{prompt: way.Prompt, keys: always(string(way.Key))})
		case *lines.NumberQuestion:
			e, err := identifier(way)
			if err != nil {
				return nil, fmt.Errorf("line %s: %w", def.Line, err)
			}
			if !identified {
				s.add(e)
			}
			identified = true
		}
	}
	if !identified {
		return nil, fmt.Errorf("line %s asks for no number, so callers whose telephone is unknown cannot be identified", def.Line)
	}
	if def.Verify == nil {
		return nil, fmt.Errorf("line %s verifies nobody: there is nothing to measure", def.Line)
	}
	answers := 0
	for _, q := range def.Verify.Questions {
		if e, ok := answer(q); ok {
			s.add(e)
			answers++
		}
	}
	if answers == 0 {
		return nil, fmt.Errorf("line %s asks for nothing that made-up callers can key: a PIN, a date of birth or a number", def.Line)
	}
	return s, nil
}

func (s *Script) add(e entry) { s.entries = append(s.entries, e) }

// Line is the line that is called.
func (s *Script) Line() string { return s.line }

// WriteCustomers writes n customers, as CSV to import.
func (s *Script) WriteCustomers(to io.Writer, n int) error {
	w := csv.NewWriter(to)
	header := []string{"id", "name"}
	for _, e := range s.entries {
		if e.column != "" {
			header = append(header, e.column)
		}
	}
	if err := w.Write(header); err != nil {
		return err
	}
	for i := range n {
		row := []string{"bench-" + strconv.Itoa(i), "Ada Lovelace"}
		for _, e := range s.entries {
			if e.column != "" {
				row = append(row, e.value(i, n))
			}
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// pace is that of a person who knows what comes, and does not wait for the end of prompts.
var pace = sim.Pace{First: sim.Human.First, Between: sim.Human.Between}

// caller is the i-th of n customers on the telephone.
func (s *Script) caller(i, n int) sim.Caller {
	var answers []sim.Answer
	for _, e := range s.entries {
		value := ""
		if e.value != nil {
			value = e.value(i, n)
		}
		for _, prompt := range []string{e.prompt, e.prompt + "-again"} {
			answers = append(answers, sim.Answer{Prompt: prompt, Keys: e.keys(value), Again: true})
		}
	}
	return sim.Script(pace, answers...)
}

func always(keys string) func(string) string { return func(string) string { return keys } }
func hash(value string) string               { return value + "#" }

// identifier is a number that names a customer.
func identifier(q *lines.NumberQuestion) (entry, error) {
	e := entry{column: "id:" + q.Name, prompt: q.Prompt, keys: hash}
	if e.prompt == "" {
		e.prompt = "ask-" + strings.ReplaceAll(q.Name, "_", "-")
	}
	switch {
	case q.Letters:
		return entry{}, fmt.Errorf("%s has letters: made-up customers have digits alone", q.Name)
	case q.Name == string(event.MethodPhone):
		e.column, e.keys = "phones", func(phone string) string { return strings.TrimPrefix(phone, "+") + "#" }
		e.value = func(i, _ int) string { return fmt.Sprintf("+1%s555%04d", areas[i/10_000%len(areas)], i%10_000) }
		return e, nil
	case q.Name == string(event.MethodAccount):
		e.column = "account"
	}
	check, _ := steps.CheckOf(q.Check)
	digits := min(max(q.Digits.Min, 8), q.Digits.Max)
	e.value = func(i, n int) string { return number(i, n, digits, check.Right) }
	if q.Digits.Min < 3 && q.Digits.Max < 3 {
		return entry{}, fmt.Errorf("%s has %d digits: too few for made-up customers", q.Name, q.Digits.Max)
	}
	return e, nil
}

// areas are of telephones that are given to nobody.
var areas = []string{"202", "206", "212", "213", "303", "305", "312", "404", "415", "503", "602", "617", "702", "713"}

// number is the i-th of n different ones with so many digits that pass a check.
func number(i, n, digits int, right func(string) bool) string {
	first := 1
	for range digits - 1 {
		first *= 10
	}
	room := max(1, min(1000, 9*first/max(n, 1)))
	at := first + i*room
	for right != nil && !right(strconv.Itoa(at)) {
		at++
	}
	return strconv.Itoa(at)
}

// answer is what a customer proves with.
func answer(q lines.Question) (entry, bool) {
	switch kind := q.Kind.(type) {
	case *lines.PIN:
		return entry{column: "pin", prompt: "ask-pin", keys: hash, value: secret(kind.Digits.Max)}, true
	case *lines.Fact:
		prompt := kind.Prompt
		if prompt == "" {
			prompt = "ask-fact"
		}
		return entry{column: "fact:" + kind.Name, prompt: prompt, keys: hash, value: secret(kind.Digits.Max)}, true
	case *lines.BirthDate: // the same in each order of day and month
		return entry{
			column: "birth_date", prompt: "ask-birth-date", keys: always("03031971"),
			value: func(int, int) string { return "1971-03-03" },
		}, true
	}
	return entry{}, false
}

// secret has so many digits, and looks like none of those that are refused.
func secret(digits int) func(i, n int) string {
	return func(i, _ int) string {
		s := ""
		for at := i*7919 + 314159; len(s) < digits; at = at*31 + 17 {
			s += fmt.Sprintf("%06d", at%899_981+100_000)
		}
		return s[:digits]
	}
}
