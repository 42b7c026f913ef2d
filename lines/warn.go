package lines

import (
	"fmt"
	"maps"
	"slices"

	"countersign/session"
)

// Warnings returns warnings about a valid line. audio says whether a prompt has a recording in a language; nil skips
// that check.
func (d *Definition) Warnings(audio func(language, prompt string) bool) Problems {
	w := &warner{d: d}
	w.identify()
	w.verify()
	w.languages(audio)
	w.d.Speech.warnings(w)
	w.d.Keys.warnings(w)
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
	for at, way := range w.d.ways() {
		way.warn(w, at)
	}
	if w.d.Verify == nil {
		w.say("", "no verify: callers are identified at most, and never verified")
		if w.d.RememberNumber || w.d.GreetByName || w.d.SendToken {
			w.say("", "greet_by_name, remember_number and send_token are for verified callers, "+
				"but this line verifies nobody")
		}
	}
}

func (w *warner) verify() {
	v := w.d.Verify
	if v == nil {
		return
	}
	weak, lastWeak, lastOther := 0, -1, -1
	for at, q := range v.all() {
		switch {
		case q.factor() != session.Weak:
			lastOther = at.index
		case session.Level(v.Level) == session.Strong:
			w.say(at.entry(), "is never asked: level 3 takes something the customer knows and something they have, "+
				"and no weak answer")
		default:
			weak, lastWeak = weak+1, at.index
		}
		q.warn(w, at)
	}
	if weak == 1 && lastWeak > lastOther {
		w.say(place{list: "verify.questions", index: lastWeak}.entry(),
			"has no effect: one weak answer does not verify, and no other question follows it")
	}
}

func (w *warner) languages(audio func(language, prompt string) bool) {
	d := w.d
	if d.LanguageMenu && len(d.Languages) == 1 {
		w.say("language_menu", "there is one language to choose from")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Prompts)) {
		for _, l := range d.Languages {
			if !d.own(name, l) && !inCatalogue(name) {
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
			if !d.own(p, l) && !audio(l, p) {
				missing = append(missing, p)
			}
		}
		if len(missing) > 0 {
			path := fmt.Sprintf("languages[%d]", i)
			w.say(path, "%d of the prompts that this line plays have no recording in %s (%s): "+
				"callers hear %s, or a tone", len(missing), l, shorten(listed(missing)), d.Languages[0])
		}
	}
}

// Plays returns the prompts that the line names, sorted. Steps play others: see prompts.All.
func (d *Definition) Plays() []string {
	names := []string{"greeting", "failure"}
	add := func(n ...string) { names = append(names, n...) }
	if d.Hours != nil {
		add("closed")
	}
	if d.LanguageMenu {
		for i := range d.Languages {
			add(fmt.Sprintf("language-%d", i+1))
		}
	}
	for _, way := range d.ways() {
		add(way.prompts()...)
	}
	if d.Verify != nil {
		add("confirmation")
		for _, q := range d.Verify.all() {
			add(q.prompt())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
