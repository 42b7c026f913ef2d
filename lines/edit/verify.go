package edit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// verified returns after if it means what want makes of the meaning of before, and has the same comments; some may be
// gone if lessComments. Otherwise it is ErrLayout: a text of an unusual layout is left alone rather than spoiled.
func verified(before, after string, lessComments bool, want func(any) (any, error)) (string, error) {
	was, err := meaning(before)
	if err != nil {
		return "", err
	}
	wanted, err := want(was)
	if err != nil {
		return "", err
	}
	is, err := meaning(after)
	if err != nil || !reflect.DeepEqual(is, wanted) {
		return "", ErrLayout
	}
	if had, has := comments(before), comments(after); !slices.Equal(had, has) && !lessComments {
		return "", ErrLayout
	}
	return after, nil
}

func meaning(text string) (v any, err error) {
	err = yaml.Unmarshal([]byte(text), &v)
	return v, err
}

// comments are all comments of a text, sorted.
func comments(text string) (all []string) {
	for _, t := range lexer.Tokenize(text) {
		if t.Type == token.CommentType {
			all = append(all, strings.TrimSpace(t.Value))
		}
	}
	slices.Sort(all)
	return all
}

// change applies a change to the value that steps lead to in v.
func change(v any, steps []step, apply func(parent any, last step) (any, error)) (any, error) {
	if len(steps) == 1 {
		return apply(v, steps[0])
	}
	s := steps[0]
	if s.isIndex {
		list, ok := v.([]any)
		if !ok || s.index >= len(list) {
			return nil, fmt.Errorf("the list has no entry %d", s.index)
		}
		next, err := change(list[s.index], steps[1:], apply)
		if err != nil {
			return nil, err
		}
		list = slices.Clone(list)
		list[s.index] = next
		return list, nil
	}
	m, ok := v.(map[string]any)
	if v == nil {
		m, ok = map[string]any{}, true
	}
	if !ok {
		return nil, ErrLayout
	}
	next, err := change(m[s.key], steps[1:], apply)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for k, x := range m {
		out[k] = x
	}
	out[s.key] = next
	return out, nil
}

// setTo makes an apply of change that sets a value.
func setTo(value any) func(any, step) (any, error) {
	return func(parent any, last step) (any, error) {
		if last.isIndex {
			list, ok := parent.([]any)
			if !ok || last.index >= len(list) {
				return nil, fmt.Errorf("the list has no entry %d", last.index)
			}
			list = slices.Clone(list)
			list[last.index] = value
			return list, nil
		}
		out := map[string]any{}
		if parent != nil {
			m, ok := parent.(map[string]any)
			if !ok {
				return nil, ErrLayout
			}
			for k, x := range m {
				out[k] = x
			}
		}
		out[last.key] = value
		return out, nil
	}
}

// without is an apply of change that removes a value.
func without(parent any, last step) (any, error) {
	switch p := parent.(type) {
	case []any:
		if !last.isIndex || last.index >= len(p) {
			return p, nil
		}
		return slices.Delete(slices.Clone(p), last.index, last.index+1), nil
	case map[string]any:
		out := map[string]any{}
		for k, x := range p {
			if k != last.key {
				out[k] = x
			}
		}
		return out, nil
	}
	return parent, nil
}
