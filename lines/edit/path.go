package edit

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// step leads from a value to one below it.
type step struct {
	key     string
	index   int
	isIndex bool
}

func split(path string) (steps []step, err error) {
	for part := range strings.SplitSeq(path, ".") {
		key, rest, _ := strings.Cut(part, "[")
		if key == "" {
			return nil, fmt.Errorf("%q is no path of a setting", path)
		}
		steps = append(steps, step{key: key})
		for rest != "" {
			number, after, ok := strings.Cut(rest, "]")
			index, err := strconv.Atoi(number)
			if !ok || err != nil || index < 0 {
				return nil, fmt.Errorf("%q is no path of a setting", path)
			}
			steps = append(steps, step{index: index, isIndex: true})
			rest = strings.TrimPrefix(after, "[")
		}
	}
	return steps, nil
}

// find is the value that steps lead to.
func find(n ast.Node, steps []step) (ast.Node, bool) {
	for _, s := range steps {
		if s.isIndex {
			all := entries(n)
			if s.index >= len(all) {
				return nil, false
			}
			n = all[s.index]
			continue
		}
		kv := pair(n, s.key)
		if kv == nil {
			return nil, false
		}
		n = kv.Value
	}
	return n, true
}

func entries(n ast.Node) []ast.Node {
	if list, ok := n.(*ast.SequenceNode); ok {
		return list.Values
	}
	return nil
}

// pairs are the keys and values of a map.
func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func pair(n ast.Node, key string) *ast.MappingValueNode {
	for _, kv := range pairs(n) {
		if t := kv.Key.GetToken(); t != nil && t.Value == key {
			return kv
		}
	}
	return nil
}
