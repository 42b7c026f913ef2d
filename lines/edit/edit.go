// Package edit changes single settings in the text of a line's file. Everything else stays as its author wrote it:
// comments, order and layout. It answers "what is the text with this setting?", and neither checks a line nor stores
// one.
//
// A setting is named by its path, as in a lines.Problem: verify.questions[0].pin.digits.
package edit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// ErrLayout means that the setting is written in a way that only a person can change, such as over several lines.
var ErrLayout = errors.New("it is written in a way that can be changed only as text")

// Set gives a setting a value, written on one line: a string, an int, a bool, a Plain, or a list or map of these. It adds
// what is missing on the way.
func Set(text, path string, value any) (string, error) {
	f, steps, err := open(text, path)
	if err != nil {
		return "", err
	}
	yaml, err := yamlOf(value)
	if err != nil {
		return "", err
	}
	after, err := f.set(f.root, steps, yaml)
	if err != nil {
		return "", err
	}
	to, err := meaning(yaml)
	if err != nil {
		return "", err
	}
	return verified(text, after, false, func(v any) (any, error) { return change(v, steps, setTo(to)) })
}

// Remove takes a setting out, if it is there: its usual value counts again.
func Remove(text, path string) (string, error) {
	f, steps, err := open(text, path)
	if err != nil {
		return "", err
	}
	last := steps[len(steps)-1]
	parent, found := find(f.root, steps[:len(steps)-1])
	if _, there := find(f.root, steps); !found || !there {
		return text, nil
	}
	var after string
	if last.isIndex {
		keep := []int{}
		for i := range entries(parent) {
			if i != last.index {
				keep = append(keep, i)
			}
		}
		after, err = f.order(parent, keep)
	} else {
		after, err = f.removeKey(parent, last.key)
	}
	if err != nil {
		return "", err
	}
	return verified(text, after, true, func(v any) (any, error) { return change(v, steps, without) })
}

// Order puts the entries of a list into another order, and leaves out those that order does not name.
func Order(text, path string, order []int) (string, error) {
	f, steps, list, err := openList(text, path)
	if err != nil {
		return "", err
	}
	after, err := f.order(list, order)
	if err != nil {
		return "", err
	}
	return verified(text, after, len(order) < len(list.Values), func(v any) (any, error) {
		var entries []any
		all, err := valueAt(v, steps)
		if err != nil {
			return nil, err
		}
		for _, at := range order {
			entries = append(entries, all[at])
		}
		return change(v, steps, setTo(entries))
	})
}

// Append adds an entry with one key at the end of a list, such as pin with digits.
func Append(text, path, key string, settings map[string]any) (string, error) {
	f, steps, list, err := openList(text, path)
	if err != nil {
		return "", err
	}
	entry, err := pairsOf(map[string]any{key: settings})
	if err != nil {
		return "", err
	}
	after, err := f.add(list, entry)
	if err != nil {
		return "", err
	}
	added, err := meaning(entry)
	if err != nil {
		return "", err
	}
	return verified(text, after, false, func(v any) (any, error) {
		all, err := valueAt(v, steps)
		if err != nil {
			return nil, err
		}
		return change(v, steps, setTo(append(slices.Clone(all), added)))
	})
}

// valueAt is the list that steps lead to.
func valueAt(v any, steps []step) (list []any, err error) {
	_, err = change(v, steps, func(parent any, last step) (any, error) {
		m, _ := parent.(map[string]any)
		found, ok := m[last.key].([]any)
		if !ok {
			return nil, ErrLayout
		}
		list = found
		return parent, nil
	})
	return list, err
}

// open reads a text and a path.
func open(text, path string) (f *file, steps []step, err error) {
	if steps, err = split(path); err != nil {
		return nil, nil, err
	}
	f, err = read(text)
	return f, steps, err
}

func openList(text, path string) (f *file, steps []step, list *ast.SequenceNode, err error) {
	if f, steps, err = open(text, path); err != nil {
		return nil, nil, nil, err
	}
	n, _ := find(f.root, steps)
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, nil, nil, fmt.Errorf("%s is no list", path)
	}
	return f, steps, list, nil
}
