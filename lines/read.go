package lines

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. A long line's file has 5 KB and 500 tokens. The YAML parser's time grows with the square of the
// tokens (240,000: 10 s) and its stack with the depth, so both are checked before.
const (
	// MaxSize bounds a file in bytes.
	MaxSize     = 256 << 10
	maxTokens   = 20_000
	maxDepth    = 32
	maxProblems = 200
)

// Tree parses a file as YAML, within the bounds of a line's file. The error is Problems.
func Tree(text []byte) (ast.Node, error) {
	root, at, err := syntaxTree(text)
	if err != nil {
		return nil, Problems{{File: "line", Line: at.line, Column: at.column, Text: err.Error()}}
	}
	return root, nil
}

// syntaxTree parses the file as YAML.
func syntaxTree(text []byte) (root ast.Node, at position, err error) {
	if len(text) > MaxSize {
		return nil, position{1, 1}, fmt.Errorf("the file has %d KB: a line's file has at most %d KB",
			len(text)>>10, MaxSize>>10)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if at, err := plainText(text); err != nil {
		return nil, at, err
	}
	defer func() {
		if p := recover(); p != nil { // a bug of the parser
			root, at, err = nil, position{1, 1}, errors.New("the YAML cannot be parsed")
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if at, err := modest(tokens); err != nil {
		return nil, at, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, err := syntaxError(text, err)
		return nil, at, err
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType && d.Body.Type() != ast.CommentGroupType {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return nil, position{1, 1}, errors.New("the file is empty: it begins with format: 1")
	case 1:
		return bodies[0], position{}, nil
	}
	return nil, positionOf(bodies[1]), errors.New("a second document begins here: write one line in one file")
}

// plainText finds invalid UTF-8 and control characters.
func plainText(text []byte) (position, error) {
	for n, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) {
			return position{n + 1, 1}, errors.New("not UTF-8: save the file as UTF-8")
		}
		for i, r := range string(line) {
			if r < ' ' && r != '\t' && !(r == '\r' && i == len(line)-1) || r == 0x7f {
				where := position{n + 1, 1 + utf8.RuneCount(line[:i])}
				return where, fmt.Errorf("the control character %U: remove it", r)
			}
		}
	}
	return position{}, nil
}

// modest refuses what would take the parser too long, and what a line's file must not have: anchors, aliases and tags.
func modest(tokens token.Tokens) (position, error) {
	if len(tokens) > maxTokens {
		return at(tokens[maxTokens]), fmt.Errorf("the file has more than %d words and signs: no line needs that many",
			maxTokens)
	}
	flow, onLine, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			onLine, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			onLine++
		case token.AnchorType, token.AliasType:
			return at(t), fmt.Errorf("%s is YAML's sign for an anchor or alias, "+
				"which a line's file cannot have: put the text in quotes", t.Value)
		case token.TagType, token.MergeKeyType, token.DirectiveType:
			return at(t), fmt.Errorf("a line's file cannot have YAML's %s: "+
				"put the text in quotes, or remove it", t.Value)
		}
		if flow > maxDepth || onLine > maxDepth {
			return at(t), errors.New("nested too deep")
		}
	}
	return position{}, nil
}

func syntaxError(text []byte, err error) (position, error) {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil || y.GetToken().Position == nil {
		return position{1, 1}, errors.New("the YAML cannot be parsed")
	}
	where := at(y.GetToken())
	rows := bytes.Split(text, []byte("\n"))
	for n := range min(where.line, len(rows)) { // the parser may report it later
		row := bytes.TrimLeft(rows[n], " ")
		if n >= where.line-2 && len(row) > 0 && row[0] == '\t' {
			where = position{n + 1, len(rows[n]) - len(row) + 1}
			return where, errors.New("a tab in front of the text: YAML is indented with spaces")
		}
	}
	return where, fmt.Errorf("this is not YAML: %s", y.GetMessage())
}

func at(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{max(1, t.Position.Line), max(1, t.Position.Column)}
}

// positionOf is the position of a value.
func positionOf(n ast.Node) position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return positionOf(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return positionOf(n.Key)
	}
	if n == nil {
		return position{1, 1}
	}
	return at(n.GetToken())
}

// kindOf names a value's kind for a problem's text.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "settings (key: value)"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "something else"
}

// scalarText is the text of a value as it was written.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func isText(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

// pairs returns the keys and values of a map.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func listed(words []string) string {
	words = slices.Clone(words)
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
