package strictyaml

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Problem is a mistake in a file. Line and Column count from 1.
type Problem struct {
	File         string
	Line, Column int
	Text         string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Problems are all mistakes of a file. As an error they have a line each.
type Problems []Problem

func (p Problems) Error() string {
	var lines []string
	for _, x := range p {
		lines = append(lines, x.String())
	}
	return strings.Join(lines, "\n")
}

// Sort sorts them as they stand in the file.
func (p Problems) Sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

type position struct{ line, column int }

func positionOf(n ast.Node) position {
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	at := n.GetToken().Position
	return position{at.Line, at.Column}
}

// Source knows where the settings of a file stand.
type Source struct {
	file string
	at   map[string]position
}

// Locate says where the problems stand that are found in the values of a file. The message of each error in err, which
// may be joined of several, begins with a setting's key, such as socket.max_calls. What the file does not mention
// is located where the nearest setting above it stands.
func (s Source) Locate(err error) Problems {
	var located Problems
	for _, one := range flat(err) {
		p := Problem{File: s.file, Line: 1, Column: 1, Text: one.Error()}
		key, _, _ := strings.Cut(p.Text, " ")
		if at, ok := s.nearest(strings.TrimRight(key, ":")); ok {
			p.Line, p.Column = at.line, at.column
		}
		located = append(located, p)
	}
	return located
}

func (s Source) nearest(key string) (at position, found bool) {
	for {
		if at, found = s.at[key]; found || key == "" {
			return at, found
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
}

// flat takes joined errors apart.
func flat(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flat(e)...)
	}
	return all
}

// syntax is the problem that the parser of YAML found.
func (s Source) syntax(err error) Problem {
	p := Problem{File: s.file, Line: 1, Column: 1, Text: err.Error()}
	var known yaml.Error
	if errors.As(err, &known) {
		p.Text = known.GetMessage()
		if t := known.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
	}
	return p
}
