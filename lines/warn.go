package lines

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"countersign/session"
)

// Warnings are what is not wrong with a line but worth a word. audio says whether there is a recording of a prompt in a language; nil asks for none.
func (d *Definition) Warnings(audio func(language, prompt string) bool) Problems {
	w := &warner{d: d}
	w.identify()
	w.verify()
	w.languages(audio)
	w.out.sort()
	return w.out
}

type warner struct {
	d   *Definition
	out Problems
}

func (w *warner) say(path, format string, a ...any) {
	w.out = append(w.out, w.d.source.problem(path, format, a...))
}

func (w *warner) identify() {
	for i, id := range w.d.Identify {
		path := fmt.Sprintf("identify[%d]", i)
		if id.ANI != nil && i > 0 {
			w.say(path, "the caller's number is always tried first: write it first")
		}
		if n := id.Number; n != nil && n.Name == "phone" && w.d.Region == "" {
			w.say(path, "without a region only numbers with their country code are understood: set region")
		}
		if n := id.Number; n != nil && n.Reasks > maxUnsafeless {
			w.say(path+".number.reasks", "asked %d times, callers can try numbers out", n.Reasks+1)
		}
		if id.Choice != nil && i == len(w.d.Identify)-1 {
			w.say(path, "nothing is asked behind this choice: whoever presses the key goes to a person like everybody else")
		}
	}
	if w.d.Verify == nil {
		w.say("", "no verify: callers are identified at most, and never verified")
		if w.d.RememberNumber || w.d.GreetByName || w.d.SendToken {
			w.say("", "greet_by_name, remember_number and send_token are for verified callers, and nobody is verified here")
		}
	}
}

func (w *warner) verify() {
	v := w.d.Verify
	if v == nil {
		return
	}
	weak, lastWeak, lastOther := 0, -1, -1
	for i, q := range v.Questions {
		switch {
		case q.asked().factor != session.Weak:
			lastOther = i
		case session.Level(v.Level) == session.Strong:
			w.say(fmt.Sprintf("verify.questions[%d]", i), "is never asked: level 3 takes something the customer knows and something they have, and no weak answer")
		default:
			weak, lastWeak = weak+1, i
		}
		if p := q.PIN; p != nil && p.Digits.Min < 6 {
			w.say(fmt.Sprintf("verify.questions[%d].pin.digits", i), "a PIN of %d digits is guessed in one call with a chance of %s (6 digits: %s)",
				p.Digits.Min, chance(p.Reasks+1, p.Digits.Min), chance(p.Reasks+1, 6))
		}
	}
	if weak == 1 && lastWeak > lastOther {
		w.say(fmt.Sprintf("verify.questions[%d]", lastWeak), "can never matter: one weak answer verifies nobody, and no other question follows it")
	}
}

// chance is tries in ten to the power of digits, in percent (policy.md, "Arithmetic").
func chance(tries, digits int) string {
	return strconv.FormatFloat(float64(tries)/math.Pow10(digits)*100, 'g', 2, 64) + " %"
}

func (w *warner) languages(audio func(language, prompt string) bool) {
	d := w.d
	if d.LanguageMenu && len(d.Languages) == 1 {
		w.say("language_menu", "there is one language to choose from")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Prompts)) {
		byLanguage := d.Prompts[name]
		for _, l := range d.Languages {
			if _, ok := byLanguage[l]; !ok && !inCatalogue(name) {
				w.say(join("prompts", name), "has no words in %s: callers who speak it hear a tone", l)
			}
		}
	}
	if audio == nil {
		return
	}
	for i, l := range d.Languages {
		var missing []string
		for _, p := range d.Plays() {
			if _, own := d.Prompts[p][l]; !own && !audio(l, p) {
				missing = append(missing, p)
			}
		}
		if len(missing) > 0 {
			path := fmt.Sprintf("languages[%d]", i)
			w.say(path, "%d of the prompts that this line plays have no recording in %s (%s): callers hear %s, or a tone", len(missing), l,
				shorten(listed(missing)), d.Languages[0])
		}
	}
}

// Plays are the prompts that the line asks for by name, sorted. Steps play more of their own: see prompts.All.
func (d *Definition) Plays() []string {
	names := []string{"greeting", "failure"}
	add := func(n string) { names = append(names, n) }
	if d.Hours != nil {
		add("closed")
	}
	if d.LanguageMenu {
		for i := range d.Languages {
			add(fmt.Sprintf("language-%d", i+1))
		}
	}
	for _, id := range d.Identify {
		if c := id.Choice; c != nil {
			add(c.Prompt)
		}
		if n := id.Number; n != nil {
			add(n.prompt())
		}
	}
	if d.Verify != nil {
		add("confirmation")
		for _, q := range d.Verify.Questions {
			add(q.prompt())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
