package edit

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// place is the row of a token, and the byte in the row at which it begins if all before it is ASCII, as indentation is.
func place(t *token.Token) (row, column int) { return t.Position.Line - 1, t.Position.Column - 1 }

// offset is the byte of a line and column, which count from 1 and in characters; -1 if the text has no such place.
func (f *file) offset(line, column int) int {
	if line < 1 || line > len(f.rows) {
		return -1
	}
	at := 0
	for _, row := range f.rows[:line-1] {
		at += len(row)
	}
	row := f.rows[line-1]
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(row)
		if size == 0 {
			return -1
		}
		row, at = row[size:], at+size
	}
	return at
}

func (f *file) offsetOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return -1
	}
	return f.offset(t.Position.Line, t.Position.Column)
}

// span is where a value is in the text, if it is written on one line or in brackets.
func (f *file) span(n ast.Node) (from, to int, ok bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		from, to = f.offsetOf(n.Start), f.offsetOf(n.End)
		return from, to + 1, n.IsFlowStyle && from >= 0 && to >= from
	case *ast.SequenceNode:
		from, to = f.offsetOf(n.Start), f.offsetOf(n.End)
		return from, to + 1, n.IsFlowStyle && from >= 0 && to >= from
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return f.scalar(n.GetToken())
	}
	return 0, 0, false
}

// scalar is where a word, a number or a text of one line is.
func (f *file) scalar(t *token.Token) (from, to int, ok bool) {
	from = f.offsetOf(t)
	if from < 0 {
		return 0, 0, false
	}
	text := f.text()[from:]
	end := 0
	switch {
	case strings.HasPrefix(text, `"`):
		end = quoted(text, '"', '\\')
	case strings.HasPrefix(text, `'`):
		end = quoted(text, '\'', 0)
	default:
		end = len(strings.TrimSpace(t.Value))
		if !strings.HasPrefix(text, strings.TrimSpace(t.Value)) {
			return 0, 0, false
		}
	}
	if end <= 0 || strings.Contains(text[:end], "\n") {
		return 0, 0, false
	}
	return from, from + end, true
}

// quoted is the length of a text in quotes; 0 if it does not end. Two quotes are one, or escape begins one.
func quoted(text string, quote, escape byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case escape != 0 && text[i] == escape:
			i++
		case text[i] == quote && escape == 0 && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return 0
}

func (f *file) splice(from, to int, with string) string {
	text := f.text()
	return text[:from] + with + text[to:]
}

// addFlow adds an entry to what is in brackets.
func (f *file) addFlow(start, end *token.Token, entries int, entry string) (string, error) {
	from, to := f.offsetOf(start), f.offsetOf(end)
	if from < 0 || to < from {
		return "", ErrLayout
	}
	text := f.text()
	inside := strings.TrimRight(text[from+1:to], " \n")
	if strings.Contains(inside, "#") && strings.Contains(inside, "\n") {
		return "", ErrLayout
	}
	inside = strings.TrimSuffix(inside, ",")
	if entries > 0 {
		entry = inside + ", " + entry
	}
	return text[:from+1] + entry + text[to:], nil
}

// rearrange puts the entries of what is in brackets into another order.
func (f *file) rearrange(line, column, endLine, endColumn int, spans [][2]int, order []int) (string, error) {
	from, to := f.offset(line, column), f.offset(endLine, endColumn)
	if from < 0 || to < from {
		return "", ErrLayout
	}
	text := f.text()
	if inside := text[from:to]; strings.Contains(inside, "#") && strings.Contains(inside, "\n") {
		return "", ErrLayout // comments would be lost
	}
	var all []string
	for _, at := range order {
		all = append(all, text[spans[at][0]:spans[at][1]])
	}
	return text[:from+1] + strings.Join(all, ", ") + text[to:], nil
}

// block is the row of a key, and the first row that no longer belongs to it.
func (f *file) block(row int) (first, end int) {
	return f.blockAt(row, len(f.rows[row])-len(strings.TrimLeft(f.rows[row], " ")))
}

// blockAt is block for what begins at a column: rows that are deeper belong to it, and so do empty ones and comments
// between them.
func (f *file) blockAt(row, column int) (first, end int) {
	end = row + 1
	for at := end; at < len(f.rows); at++ {
		trimmed := strings.TrimSpace(f.rows[at])
		indent := len(f.rows[at]) - len(strings.TrimLeft(f.rows[at], " "))
		switch {
		case trimmed == "":
			continue
		case indent > column, strings.HasPrefix(trimmed, "]"), strings.HasPrefix(trimmed, "}"):
			end = at + 1
		case indent == column && strings.HasPrefix(trimmed, "- ") && !strings.HasPrefix(strings.TrimSpace(f.rows[row]), "-"):
			end = at + 1 // a list may stand at the column of its key
		default:
			return row, end
		}
	}
	return row, end
}

// above is the first of the comments that stand directly above a row, at its column.
func (f *file) above(row, column int) int {
	for row > 0 {
		above := f.rows[row-1]
		indent := len(above) - len(strings.TrimLeft(above, " "))
		if !strings.HasPrefix(strings.TrimSpace(above), "#") || indent != column {
			return row
		}
		row--
	}
	return row
}

// comment is the comment at the end of a row, with a space before it, or "".
func comment(row string) string {
	if _, text, ok := strings.Cut(row, " #"); ok {
		return " #" + strings.TrimRight(text, "\n")
	}
	return ""
}
