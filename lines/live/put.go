package live

import (
	"fmt"
	"maps"
	"slices"

	"countersign/lines"
	"countersign/prompts"
	"countersign/session/shared"
)

// put compiles lines and swaps all at once. A line that does not compile keeps its version in force; so does one that
// stored lacks or has in an older version. Those are returned.
func (l *Lines) put(stored []shared.LineVersion) (lost []shared.LineVersion) {
	stored, lost = l.latest(stored)
	next := map[string]inForce{}
	var entries []lines.Entry
	var all []*lines.Definition
	var texts []prompts.Text
	for _, s := range stored {
		if s.Removed {
			continue
		}
		line, said, ok := l.newest(s)
		if !ok {
			continue
		}
		next[s.Name] = line
		entries, all, texts = append(entries, line.Entry), append(all, line.def), append(texts, said...)
	}
	for name := range l.current {
		if _, still := next[name]; !still {
			l.o.Log.Info("line removed", "line", name)
		}
	}
	// Two simultaneous changes can each be valid and still conflict.
	if p := lines.Conflicts(all, l.o.Parts.Region); len(p) > 0 {
		l.o.Log.Warn("lines claim the same number, the one whose name sorts first has it", "err", p)
	}
	l.current = next
	l.book.Set(entries)
	l.speak(texts)
	return lost
}

// latest is stored with the versions that are known here in place of missing and older ones, which are lost.
func (l *Lines) latest(stored []shared.LineVersion) (all, lost []shared.LineVersion) {
	found := map[string]bool{}
	for _, s := range stored {
		found[s.Name] = true
		have, known := l.lastOf(s.Name)
		switch {
		case s.Removed && s.Version == 0:
			delete(l.removed, s.Name)
			continue
		case known && s.OlderThan(have):
			lost, s = append(lost, have), have
		}
		if s.Removed {
			l.removed[s.Name] = s
		} else {
			delete(l.removed, s.Name)
		}
		all = append(all, s)
	}
	for _, name := range slices.Sorted(maps.Keys(l.current)) {
		if !found[name] {
			all, lost = append(all, l.current[name].stored), append(lost, l.current[name].stored)
		}
	}
	return all, lost
}

// lastOf is the last version of a line that is known here, perhaps its removal.
func (l *Lines) lastOf(name string) (v shared.LineVersion, known bool) {
	if line, ok := l.current[name]; ok {
		return line.stored, true
	}
	v, known = l.removed[name]
	return v, known
}

// newest returns the line to put in force and its new texts; false if no version of it compiles.
func (l *Lines) newest(s shared.LineVersion) (line inForce, texts []prompts.Text, ok bool) {
	have, known := l.current[s.Name]
	if known && have.stored.Version == s.Version && have.stored.At.Equal(s.At) {
		return have, nil, true
	}
	line, texts, err := l.compile(s)
	switch {
	case err == nil:
		l.o.Log.Info("line in force", "line", s.Name, "version", s.Version, "author", s.Author)
		return line, texts, true
	case known:
		l.o.Log.Error("line not put in force, calls get the previous version", "line", s.Name, "version", s.Version,
			"in_force", have.stored.Version, "err", err)
		return have, nil, true
	default:
		l.o.Log.Error("line not put in force, its numbers go to the line for all others",
			"line", s.Name, "version", s.Version, "err", err)
		return inForce{}, nil, false
	}
}

func (l *Lines) compile(s shared.LineVersion) (made inForce, texts []prompts.Text, err error) {
	def, err := lines.Parse(s.Name, []byte(s.YAML))
	if err != nil {
		return made, nil, err
	}
	entry, err := entryOf(s, def, l.o.Parts)
	if err != nil {
		return made, nil, err
	}
	line := entry.Line
	for _, way := range def.CodeWays() {
		if setting, unset := l.o.Unset[way]; unset {
			l.o.Log.Warn("line sends codes on a way that is not configured: its callers get them another way, or go to an agent",
				"line", s.Name, "way", string(way), "do", "set "+setting)
		}
	}
	if def.AsksOnPage() && l.o.Parts.AppLinks == nil {
		l.o.Log.Warn("line asks customers on their own page, which is not there: their next question comes, or an agent",
			"line", s.Name, "do", "set customers.page, web.listen and sms.url")
	}
	for language, replaced := range line.Replaced {
		for _, r := range replaced {
			if r.Text != "" {
				texts = append(texts, prompts.Text{Language: language, Text: r.Text})
			}
			if prompts.IsRecorded(r.File) {
				texts = append(texts, prompts.Text{Language: language, File: r.File})
			}
		}
	}
	return inForce{Entry: entry, def: def, stored: s}, texts, nil
}

// entryOf compiles a version, and the one before it if it begins with a share of the calls.
func entryOf(s shared.LineVersion, def *lines.Definition, parts lines.Parts) (e lines.Entry, err error) {
	e.Numbers = def.Numbers
	if e.Line, err = lines.Compile(def, s.Version, parts); err != nil || s.Staged == nil {
		return e, err
	}
	before, err := lines.Parse(s.Name, []byte(s.Staged.BeforeYAML))
	if err != nil {
		return e, fmt.Errorf("version %d, on which other calls stay: %w", s.Staged.Before, err)
	}
	if e.Before, err = lines.Compile(before, s.Staged.Before, parts); err != nil {
		return e, fmt.Errorf("version %d, on which other calls stay: %w", s.Staged.Before, err)
	}
	e.Takes = func(call string) bool { return s.Staged.Takes(s.Name, call) }
	return e, nil
}
