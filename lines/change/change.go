// Package change plans what happens to service lines when files are put in force: the differences of each, its
// warnings, and conflicts with the lines that stay. It changes nothing.
package change

import (
	"countersign/lines"
	"countersign/session/shared"
)

// File is a line's file and its definition.
type File struct {
	Text []byte
	Def  *lines.Definition
}

// Change is what happens to a line.
type Change struct {
	Line string `json:"line"`
	// From is the version in force, 0 if there is none. To is the version after the change; 0 until it is made.
	From int `json:"from"`
	To   int `json:"to"`
	// Changes lists the differences.
	Changes  []string       `json:"changes"`
	Warnings lines.Problems `json:"warnings"`
	// Percent of the calls that it begins with; 0 for all.
	Percent int `json:"percent,omitempty"`

	// Unspoken says until when callers do not hear the line's own words, and what they hear instead; empty if they do
	// from the first call on.
	Unspoken string `json:"unspoken,omitempty"`

	// Same: the file equals the one in force, byte for byte.
	Same bool   `json:"-"`
	Text string `json:"-"`
}

// Summaries of a new line, and of one in which no setting changes.
const (
	NewLine      = "new line"
	CommentsOnly = "comments or layout only"
)

// Options configure a plan.
type Options struct {
	// Region applies to lines without their own.
	Region string
	// Recorded says whether a prompt has a recording.
	Recorded func(language, prompt string) bool
}

// Plan compares files with the lines in force. It refuses numbers that two lines would have, with lines.Problems.
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
		if def, err := lines.Parse("line "+s.Name, []byte(s.YAML)); err == nil { // a line that does not parse is not in force
			others = append(others, def)
		}
	}
	if conflicts := lines.Conflicts(append(others, after...), o.Region); len(conflicts) > 0 {
		return nil, conflicts
	}
	return changes, nil
}

// compare lists the differences of a file from the version in force.
func compare(before shared.LineVersion, f File) *Change {
	ch := &Change{Line: f.Def.Line, From: before.Version, Text: string(f.Text), Same: before.YAML == string(f.Text)}
	if before.Version == 0 {
		ch.Changes = []string{NewLine}
		return ch
	}
	have, err := lines.Parse("line "+before.Name, []byte(before.YAML))
	if err != nil { // written by another release or tool
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
