package edit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"countersign/lines"
)

// file is a text and what it means.
type file struct {
	rows []string // with their line ends
	root ast.Node
}

func read(text string) (*file, error) {
	root, err := lines.Tree([]byte(text))
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return &file{rows: strings.SplitAfter(strings.TrimSuffix(text, "\n")+"\n", "\n"), root: root}, nil
}

func (f *file) text() string { return strings.Join(f.rows, "") }

// set sets the value that steps lead to from n.
func (f *file) set(n ast.Node, steps []step, value string) (string, error) {
	at := n
	for i, s := range steps {
		rest := steps[i+1:]
		if s.isIndex {
			all := entries(at)
			if s.index >= len(all) {
				return "", fmt.Errorf("the list has no entry %d", s.index)
			}
			if at = all[s.index]; len(rest) > 0 {
				continue
			}
			if from, to, ok := f.span(at); ok {
				return f.splice(from, to, value), nil
			}
			return "", ErrLayout
		}
		kv := pair(at, s.key)
		if kv == nil {
			return f.addKey(at, s.key, rest, value)
		}
		if len(rest) == 0 {
			return f.replace(kv, value)
		}
		if _, empty := kv.Value.(*ast.NullNode); empty {
			return f.replace(kv, nested(rest, value))
		}
		at = kv.Value
	}
	return "", fmt.Errorf("%w", ErrLayout)
}

// nested writes the settings on the way to a value as maps in one line.
func nested(steps []step, value string) string {
	for _, s := range slices.Backward(steps) {
		value = "{" + written(s.key) + ": " + value + "}"
	}
	return value
}

// replace gives a key another value.
func (f *file) replace(kv *ast.MappingValueNode, value string) (string, error) {
	if _, empty := kv.Value.(*ast.NullNode); empty && !isWritten(kv.Value) {
		row, column := place(kv.Start)
		f.rows[row] = f.rows[row][:column+1] + " " + value + f.rows[row][column+1:]
		return f.text(), nil
	}
	if from, to, ok := f.span(kv.Value); ok {
		return f.splice(from, to, value), nil
	}
	if isBlock(kv.Value) {
		row, column := place(kv.Start)
		first, end := f.block(row)
		head := f.rows[row][:column+1] + " " + value + comment(f.rows[row][column+1:]) + "\n"
		f.rows = slices.Replace(f.rows, first, end, head)
		return f.text(), nil
	}
	return "", ErrLayout
}

// isWritten says whether an empty value is there as a word, such as null or ~.
func isWritten(n ast.Node) bool {
	t := n.GetToken()
	return t != nil && strings.TrimSpace(t.Origin) != "" && t.Value != ""
}

// isBlock says whether a value goes on below its key.
func isBlock(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return !n.IsFlowStyle
	case *ast.MappingValueNode:
		return !n.IsFlowStyle
	case *ast.SequenceNode:
		return !n.IsFlowStyle
	}
	return false
}

// addKey adds a key to a map.
func (f *file) addKey(to ast.Node, key string, rest []step, value string) (string, error) {
	entry := written(key) + ": " + nested(rest, value)
	switch to := to.(type) {
	case *ast.MappingNode:
		if to.IsFlowStyle {
			return f.addFlow(to.Start, to.End, len(to.Values), entry)
		}
	case *ast.MappingValueNode:
		if to.IsFlowStyle {
			return "", ErrLayout
		}
	default:
		return "", ErrLayout
	}
	all := pairs(to)
	if len(all) == 0 {
		return "", ErrLayout
	}
	last := all[len(all)-1]
	row, column := place(last.Key.GetToken())
	if value, is := last.Value.(*ast.MappingNode); is && value.IsFlowStyle && value.End != nil {
		row, _ = place(value.End)
		f.rows = slices.Insert(f.rows, row+1, strings.Repeat(" ", column)+entry+"\n")
		return f.text(), nil
	}
	_, end := f.blockAt(row, column)
	f.rows = slices.Insert(f.rows, end, strings.Repeat(" ", column)+entry+"\n")
	return f.text(), nil
}

// removeKey takes a key out of a map.
func (f *file) removeKey(from ast.Node, key string) (string, error) {
	kv := pair(from, key)
	if kv == nil {
		return f.text(), nil
	}
	all := pairs(from)
	if m, ok := from.(*ast.MappingNode); ok && m.IsFlowStyle {
		var spans [][2]int
		for _, kv := range all {
			begin := f.offset(kv.Key.GetToken().Position.Line, kv.Key.GetToken().Position.Column)
			_, end, ok := f.span(kv.Value)
			if !ok || begin < 0 {
				return "", ErrLayout
			}
			spans = append(spans, [2]int{begin, end})
		}
		keep := []int{}
		for i := range all {
			if all[i] != kv {
				keep = append(keep, i)
			}
		}
		return f.rearrange(m.Start.Position.Line, m.Start.Position.Column, m.End.Position.Line, m.End.Position.Column, spans, keep)
	}
	if len(all) == 1 {
		return "", fmt.Errorf("%w: nothing would be left", ErrLayout)
	}
	row, column := place(kv.Key.GetToken())
	if strings.TrimSpace(f.rows[row][:column]) != "" {
		return "", ErrLayout // the first key of an entry
	}
	first, end := f.blockAt(row, column)
	f.rows = slices.Delete(f.rows, f.above(first, column), end)
	return f.text(), nil
}

// order rearranges the entries of a list.
func (f *file) order(n ast.Node, order []int) (string, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return "", ErrLayout
	}
	for i, at := range order {
		if at < 0 || at >= len(list.Values) || slices.Contains(order[:i], at) {
			return "", fmt.Errorf("the list has no entry %d, or it is named twice", at)
		}
	}
	if len(order) == len(list.Values) && slices.IsSorted(order) {
		return f.text(), nil
	}
	if list.IsFlowStyle {
		var spans [][2]int
		for _, v := range list.Values {
			from, to, ok := f.span(v)
			if !ok {
				return "", ErrLayout
			}
			spans = append(spans, [2]int{from, to})
		}
		s, e := list.Start.Position, list.End.Position
		return f.rearrange(s.Line, s.Column, e.Line, e.Column, spans, order)
	}
	begin, ends, _, err := f.blocks(list)
	if err != nil {
		return "", err
	}
	var rows []string
	for _, at := range order {
		rows = append(rows, f.rows[begin[at]:ends[at]]...)
	}
	if len(order) == 0 {
		return "", fmt.Errorf("%w: the list would be empty", ErrLayout)
	}
	f.rows = slices.Replace(f.rows, begin[0], ends[len(ends)-1], rows...)
	return f.text(), nil
}

// blocks are the rows of each entry of a list, with the comments above it, and the column of its dash.
func (f *file) blocks(list *ast.SequenceNode) (begin, end []int, column int, err error) {
	dash := -1
	for i, v := range list.Values {
		row, col := place(v.GetToken())
		if m := pairs(v); len(m) > 0 {
			row, col = place(m[0].Key.GetToken())
		}
		at := strings.LastIndex(f.rows[row][:min(col, len(f.rows[row]))], "-")
		if at < 0 || strings.TrimSpace(f.rows[row][:at]) != "" || dash >= 0 && at != dash {
			return nil, nil, 0, ErrLayout
		}
		dash = at
		first, last := f.blockAt(row, at)
		if i > 0 { // comments between two entries belong to the second
			first = max(f.above(first, at), end[i-1])
		} else {
			first = f.above(first, at)
		}
		begin, end = append(begin, first), append(end, last)
	}
	for i := 1; i < len(begin); i++ {
		end[i-1] = begin[i] // empty rows stay behind the entry above
	}
	return begin, end, dash, nil
}

// add adds an entry to a list.
func (f *file) add(list *ast.SequenceNode, entry string) (string, error) {
	if list.IsFlowStyle {
		return f.addFlow(list.Start, list.End, len(list.Values), "{"+entry+"}")
	}
	_, end, column, err := f.blocks(list)
	if err != nil || len(end) == 0 {
		return "", errors.Join(err, ErrLayout)
	}
	f.rows = slices.Insert(f.rows, end[len(end)-1], strings.Repeat(" ", column)+"- "+entry+"\n")
	return f.text(), nil
}
