package lines

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is an error or a warning about a file: Line and Column count from 1, Path names the setting.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Path   string `json:"path,omitempty"`
	Text   string `json:"text"`
}

func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		s += p.Path + ": "
	}
	return s + p.Text
}

// Problems are all problems of a file, in its order. As an error it has a line for each.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// position is a place in a file.
type position struct{ line, column int }

// source holds a file's name and the positions of its settings, by path.
type source struct {
	file string
	at   map[string]position
}

// problem makes a Problem at a path, or at its nearest parent that is in the file.
func (s source) problem(path, format string, a ...any) Problem {
	p := Problem{File: s.file, Line: 1, Column: 1, Path: path, Text: fmt.Sprintf(format, a...)}
	for near := path; ; {
		if at, ok := s.at[near]; ok {
			p.Line, p.Column = at.line, at.column
			return p
		}
		if near == "" {
			return p
		}
		near = near[:max(0, strings.LastIndexAny(near, ".["))]
	}
}
