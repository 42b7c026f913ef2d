package edit

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"countersign/lines"
)

// OrderOf is the name under which a form sends the entries of a list that stay, in their new order, by their index.
func OrderOf(list string) string { return "order:" + list }

// Form is what somebody filled in: the value of each field by its path, the order of lists by OrderOf.
type Form struct{ Values url.Values }

// Apply writes what is different into a line's file. Settings that cannot be written are Problems at their paths; the
// others are written all the same. The error is that the file is no YAML.
func (f Form) Apply(text string) (after string, wrong lines.Problems, err error) {
	shown, err := lines.FormOf([]byte(text))
	if err != nil {
		return "", nil, err
	}
	after = text
	edit := func(path, next string, err error) {
		var problems lines.Problems
		switch {
		case err == nil:
			after = next
		case errors.As(err, &problems):
			wrong = append(wrong, problems...)
		default:
			wrong = append(wrong, lines.Problem{File: "line", Line: 1, Column: 1, Path: path, Text: err.Error()})
		}
	}
	for _, g := range shown.Groups {
		fields := slices.Clone(g.Fields)
		for _, e := range g.Entries {
			fields = append(fields, e.Fields...)
		}
		for _, field := range fields {
			if value, different := f.differs(field); different {
				next, err := setField(after, field, value)
				edit(field.Path, next, err)
			}
		}
	}
	for _, g := range shown.Groups { // the fields first: their paths have the places of before
		posted, ok := f.Values[OrderOf(g.Path)]
		if !ok || !g.IsList || !g.Given {
			continue
		}
		order, err := indexes(posted)
		if err != nil {
			return "", nil, err
		}
		next, err := Order(after, g.Path, order)
		edit(g.Path, next, err)
	}
	return after, wrong, nil
}

// differs is what was filled in, and whether it is another value than the one shown.
func (f Form) differs(field lines.Field) (value string, different bool) {
	posted, ok := f.Values[field.Path]
	if !ok || len(posted) == 0 {
		return "", false
	}
	value = strings.TrimSpace(strings.ReplaceAll(posted[0], "\r\n", "\n"))
	return value, value != strings.TrimSpace(field.Shown()) && value != field.Value
}

func setField(text string, field lines.Field, value string) (string, error) {
	if value == "" {
		return Remove(text, field.Path)
	}
	return Set(text, field.Path, valueOf(field.Kind, value))
}

// valueOf is what a field's text means. What it cannot mean stays a text, for the check to say so.
func valueOf(kind lines.FieldKind, value string) any {
	switch kind {
	case lines.FieldNumber, lines.FieldTime, lines.FieldRange:
		if plainValue.MatchString(value) {
			return Plain(value)
		}
	case lines.FieldSwitch:
		if b, err := strconv.ParseBool(value); err == nil {
			return b
		}
	case lines.FieldList:
		words := []string{}
		for _, w := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == ';' }) {
			if w = strings.TrimSpace(w); w != "" {
				words = append(words, w)
			}
		}
		return words
	}
	return value
}

func indexes(posted []string) (order []int, err error) {
	for _, p := range posted {
		i, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("%q is no place in a list", p)
		}
		order = append(order, i)
	}
	return order, nil
}

// Move moves an entry of a list by some places up or down, as far as there are some.
func Move(text, list string, at, by int) (string, error) {
	_, _, seq, err := openList(text, list)
	if err != nil {
		return "", err
	}
	n := len(seq.Values)
	if at < 0 || at >= n {
		return "", fmt.Errorf("the list has no entry %d", at)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	to := min(max(0, at+by), n-1)
	order = slices.Insert(slices.Delete(order, at, at+1), to, at)
	return Order(text, list, order)
}

// Add adds an entry of a kind with usual settings to a list, and the list if it is missing.
func Add(text, list, kind string, settings map[string]any) (string, error) {
	if after, err := Append(text, list, kind, settings); err == nil {
		return after, nil
	} else if _, steps, openErr := open(text, list); openErr != nil || hasAny(text, steps) {
		return "", err
	}
	entry, err := pairsOf(map[string]any{kind: settings})
	if err != nil {
		return "", err
	}
	section, below, nested := strings.Cut(list, ".")
	if !nested {
		return "", ErrLayout
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	after := text + section + ":\n  " + below + ":\n    - " + entry + "\n"
	added, err := meaning(entry)
	if err != nil {
		return "", err
	}
	_, steps, err := open(text, list)
	if err != nil {
		return "", err
	}
	return verified(text, after, false, func(v any) (any, error) { return change(v, steps, setTo([]any{added})) })
}

// hasAny says whether the first of steps is in the text.
func hasAny(text string, steps []step) bool {
	f, err := read(text)
	if err != nil {
		return true
	}
	_, found := find(f.root, steps[:1])
	return found
}
