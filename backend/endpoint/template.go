package endpoint

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// Values are the values for templates; each operation allows some of them.
type Values struct {
	Phone, Kind, Value, Customer, To, Reference string
	// Answer, Text and Code are secrets. A template renders a mark for one; fill replaces it with the secret, in
	// memory that is wiped afterwards.
	Answer, Text, Code hidden
}

// secretNames are the secrets among the Values.
var secretNames = []string{"Answer", "Text", "Code"}

// escape appends a value in the form that its place requires.
type escape func(dst []byte, value []byte) []byte

// text is a template that escapes every value automatically, as html/template does: it appends a command to each
// pipeline that prints. See ../DESIGN.md.
type text struct {
	template *template.Template
	escape   escape
}

// allowedFunctions are the functions that templates may use. Go's others escape, index or call, which no template
// needs.
var allowedFunctions = []string{"and", "or", "not", "eq", "ne", "len", "slice", "print", "printf", "date"}

const escapeFunction = "_escape"

// Compile parses a template that may use the values in may.
func Compile(source string, may []string, esc escape) (*text, error) {
	t := &text{escape: esc}
	functions := template.FuncMap{escapeFunction: t.escapeValue, "date": date}
	parsed, err := template.New("template").Option("missingkey=error").Funcs(functions).Parse(source)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	t.template = parsed
	if len(parsed.Templates()) > 1 || parsed.Tree == nil && source != "" {
		return nil, errors.New("a template must not define others")
	}
	if parsed.Tree == nil {
		return t, nil
	}
	return t, rewriter{may: may, tree: parsed.Tree}.list(parsed.Root)
}

// render executes the template, with marks for secrets.
func (t *text) render(v Values) (string, error) {
	if t == nil {
		return "", nil
	}
	var b strings.Builder
	if err := t.template.Execute(&b, v); err != nil {
		var failed template.ExecError
		if errors.As(err, &failed) && failed.Err != nil {
			err = failed.Err
		}
		return "", err
	}
	return b.String(), nil
}

func (t *text) escapeValue(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return string(t.escape(nil, []byte(v))), nil
	case hidden:
		return v.String(), nil
	case int:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("a template cannot print a %T", v)
	}
}

// rewriter visits every node of a template: it refuses what is not allowed, and escapes what is printed.
type rewriter struct {
	may  []string
	tree *parse.Tree
}

func (r rewriter) list(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		var err error
		switch n := n.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.ActionNode:
			if err = r.pipe(n.Pipe); err == nil && len(n.Pipe.Decl) == 0 {
				escaping := parse.NewIdentifier(escapeFunction).SetPos(n.Pos).SetTree(r.tree)
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{
					NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{escaping},
				})
			}
		case *parse.IfNode:
			err = errors.Join(r.pipe(n.Pipe), r.list(n.List), r.list(n.ElseList))
		default:
			err = fmt.Errorf("%s cannot be used here; use values and {{if}} only", n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r rewriter) pipe(p *parse.PipeNode) error {
	for _, c := range p.Cmds {
		for _, arg := range c.Args {
			if err := r.arg(arg); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r rewriter) arg(n parse.Node) error {
	switch n := n.(type) {
	case *parse.FieldNode:
		return r.field(n.Ident)
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			return r.field(n.Ident[1:])
		}
		if len(n.Ident) == 1 {
			return nil
		}
	case *parse.IdentifierNode:
		if slices.Contains(allowedFunctions, n.Ident) {
			return nil
		}
		return fmt.Errorf("%s cannot be used here: values are escaped automatically, and the functions are %s",
			n.Ident, strings.Join(allowedFunctions, ", "))
	case *parse.PipeNode:
		return r.pipe(n)
	case *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		return nil
	}
	return fmt.Errorf("{{%s}} cannot be used here; use %s", n, r.known())
}

func (r rewriter) field(path []string) error {
	if len(path) == 1 && slices.Contains(r.may, path[0]) {
		return nil
	}
	if len(path) == 1 && slices.Contains(secretNames, path[0]) {
		return fmt.Errorf("{{.%s}} is a secret: it may stand only in the body of an operation that has it, "+
			"because URLs get logged; use %s", path[0], r.known())
	}
	return fmt.Errorf("{{.%s}} is unknown here; use %s", strings.Join(path, "."), r.known())
}

func (r rewriter) known() string {
	if len(r.may) == 0 {
		return "no value"
	}
	return "{{." + strings.Join(r.may, "}}, {{.") + "}}"
}

// nonce begins every mark. It is secret and random, so no value can contain it.
var nonce = "cs" + strings.ToLower(rand.Text())

// maxHidden bounds the secrets of one rendering, with those that date adds.
const maxHidden = 26

// hidden is the placeholder of a secret in a template. It prints as a mark.
type hidden struct {
	r     *Secrets
	index int
}

// Secrets are the secrets of one rendering; copies are those that date wrote in another form.
type Secrets struct{ all, copies [][]byte }

// Hide adds a secret and returns its placeholder. The caller still owns and wipes the secret.
func (s *Secrets) Hide(secret []byte) hidden {
	s.all = append(s.all, secret)
	return hidden{s, len(s.all) - 1}
}

// wipe overwrites the copies.
func (s *Secrets) wipe() {
	for _, c := range s.copies {
		clear(c)
	}
}

func (h hidden) String() string { return nonce + string(rune('a'+h.index)) }

// Format prints the mark whatever the verb.
func (h hidden) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(h.String())) }

// fill replaces the marks in rendered with the secrets. The result is one piece of memory, which the caller wipes.
func (s *Secrets) fill(rendered string, esc escape) []byte {
	longest := 0
	for _, secret := range s.all {
		longest = max(longest, len(secret))
	}
	// No escape writes more than six bytes for one byte.
	out := make([]byte, 0, len(rendered)+6*longest*strings.Count(rendered, nonce))
	for {
		before, after, found := strings.Cut(rendered, nonce)
		out = append(out, before...)
		if !found {
			return out
		}
		rendered = after
		if after != "" {
			if i := int(after[0] - 'a'); i < len(s.all) {
				out, rendered = esc(out, s.all[i]), after[1:]
			}
		}
	}
}

// date writes a date of birth, YYYYMMDD, in another form: it replaces YYYY, MM and DD in the layout.
func date(layout string, answer hidden) (hidden, error) {
	if len(answer.r.all) >= maxHidden {
		return hidden{}, errors.New("date is used too often")
	}
	day := answer.r.all[answer.index]
	if len(day) != len("YYYYMMDD") {
		return hidden{}, errors.New("date can only be used on a date of birth")
	}
	out := make([]byte, 0, len(layout)+len(day))
	for len(layout) > 0 {
		switch {
		case strings.HasPrefix(layout, "YYYY"):
			out, layout = append(out, day[:4]...), layout[4:]
		case strings.HasPrefix(layout, "MM"):
			out, layout = append(out, day[4:6]...), layout[2:]
		case strings.HasPrefix(layout, "DD"):
			out, layout = append(out, day[6:]...), layout[2:]
		default:
			out, layout = append(out, layout[0]), layout[1:]
		}
	}
	answer.r.copies = append(answer.r.copies, out)
	return answer.r.Hide(out), nil
}
