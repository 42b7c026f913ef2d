// Package change plans what happens to the service lines when files are put in force: what is new or different in each, what to point out,
// and whether they go together with the lines that stay. It changes nothing.
package change

import (
	"countersign/lines"
	"countersign/session/shared"
)

// File is a line's file, and what was read of it.
type File struct {
	Text []byte
	Def  *lines.Definition
}

// Change is what happens to a line.
type Change struct {
	Line string `json:"line"`
	// From is the version that is in force, 0 if there is none. To is the one after the change; 0 until it is made.
	From int `json:"from"`
	To   int `json:"to"`
	// Changes has one entry for each thing that is different.
	Changes  []string       `json:"changes"`
	Warnings lines.Problems `json:"warnings"`

	// Same says that the file is the one in force, to the letter.
	Same bool   `json:"-"`
	Text string `json:"-"`
}

// What a summary says of a line that is new, and of one in which no setting changes.
const (
	NewLine      = "new line"
	CommentsOnly = "comments or layout only"
)

// Options are what a plan goes by.
type Options struct {
	// Region is that of lines that name none.
	Region string
	// Recorded says whether there is a recording of a prompt.
	Recorded func(language, prompt string) bool
}

// Plan compares files with the lines in force. It refuses numbers that two lines would have, as lines.Problems.
func Plan(inForce []shared.LineVersion, files []File, o Options) ([]*Change, error) {
	stays := map[string]shared.LineVersion{}
	for _, s := range inForce {
		stays[s.Name] = s
	}
	var changes []*Change
	var after []*lines.Definition
	for _, f := range files {
		ch := compare(stays[f.Def.Line], f)
		ch.Warnings = append(lines.Problems{}, f.Def.Warnings(o.Recorded)...)
		changes, after = append(changes, ch), append(after, f.Def)
		delete(stays, f.Def.Line)
	}
	var others []*lines.Definition
	for _, s := range inForce {
		if _, other := stays[s.Name]; !other {
			continue
		}
		if def, err := lines.Parse("line "+s.Name, []byte(s.YAML)); err == nil { // a damaged one is not in force
			others = append(others, def)
		}
	}
	if conflicts := lines.Conflicts(append(others, after...), o.Region); len(conflicts) > 0 {
		return nil, conflicts
	}
	return changes, nil
}

// compare says what is different in a file from the version in force.
func compare(before shared.LineVersion, f File) *Change {
	ch := &Change{Line: f.Def.Line, From: before.Version, Text: string(f.Text), Same: before.YAML == string(f.Text)}
	if before.Version == 0 {
		ch.Changes = []string{NewLine}
		return ch
	}
	have, err := lines.Parse("line "+before.Name, []byte(before.YAML))
	if err != nil { // a version of another release, or by another tool
		ch.Changes = []string{"all of it: the version before cannot be read"}
		return ch
	}
	if ch.Changes = lines.Diff(have, f.Def); len(ch.Changes) == 0 {
		ch.Changes = []string{}
		if !ch.Same {
			ch.Changes = append(ch.Changes, CommentsOnly)
		}
	}
	return ch
}
