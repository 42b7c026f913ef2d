package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// mutant is one change to one file.
type mutant struct {
	file string // relative to the working directory
	line int
	// function and what identify the change without line numbers, for reviewed.txt. nth tells equal changes in one
	// function apart.
	function, what string
	nth            int
	// The bytes from..to of the file become text.
	from, to int
	text     string
}

// key names a mutant for as long as its code stays the same.
func (m mutant) key() string {
	key := fmt.Sprintf("%s %s: %s", m.file, m.function, m.what)
	if m.nth > 1 {
		key += fmt.Sprintf(" (%d)", m.nth)
	}
	return key
}

// apply returns the file with the change.
func (m mutant) apply(source []byte) []byte {
	return slices.Concat(source[:m.from], []byte(m.text), source[m.to:])
}

// finder collects the mutants of a file.
type finder struct {
	name     string
	files    *token.FileSet
	source   []byte
	function string
	found    []mutant
	seen     map[string]int
}

// mutantsOf are all mutants of a file, in its order.
func mutantsOf(name string, source []byte) ([]mutant, error) {
	f := &finder{name: name, files: token.NewFileSet(), source: source, seen: map[string]int{}}
	file, err := parser.ParseFile(f.files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			f.function = functionName(fn)
			ast.Inspect(fn.Body, f.visit)
		}
	}
	return f.found, nil
}

// functionName is a function's name, after its receiver's type.
func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// add adds a change of the code from..to.
func (f *finder) add(from, to token.Pos, text, what string) {
	at := f.files.Position(from)
	what = strings.Join(strings.Fields(what), " ")
	if runes := []rune(what); len(runes) > longest {
		what = string(runes[:longest]) + "…"
	}
	same := f.function + "\x00" + what
	f.seen[same]++
	f.found = append(f.found, mutant{
		file: f.name, line: at.Line, function: f.function, what: what, nth: f.seen[same],
		from: at.Offset, to: f.files.Position(to).Offset, text: text,
	})
}

// longest bounds the text of a change, in characters.
const longest = 120

func (f *finder) text(n ast.Node) string {
	return string(f.source[f.files.Position(n.Pos()).Offset:f.files.Position(n.End()).Offset])
}

// operators are what a binary operator becomes. Mutants that do not compile, such as a difference of strings, are
// skipped.
var operators = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.IfStmt:
		cond := f.text(n.Cond)
		f.add(n.Cond.Pos(), n.Cond.End(), "("+cond+") && false", "never if "+cond)
		f.add(n.Cond.Pos(), n.Cond.End(), "("+cond+") || true", "always if "+cond)
	case *ast.Ident:
		if other := map[string]string{"true": "false", "false": "true"}[n.Name]; other != "" {
			f.add(n.Pos(), n.End(), other, n.Name+" -> "+other)
		}
	case *ast.CaseClause:
		f.choices(n)
	case *ast.BlockStmt:
		f.statements(n.List)
	}
	if c, ok := n.(*ast.CaseClause); ok {
		f.statements(c.Body)
	}
	return true
}

func (f *finder) binary(n *ast.BinaryExpr) {
	x, y := f.text(n.X), f.text(n.Y)
	switch n.Op {
	case token.LAND, token.LOR:
		f.add(n.Pos(), n.End(), "("+x+")", fmt.Sprintf("without %s %s", n.Op, y))
		f.add(n.Pos(), n.End(), "("+y+")", fmt.Sprintf("without %s %s", x, n.Op))
	default:
		if other, ok := operators[n.Op]; ok {
			end := n.OpPos + token.Pos(len(n.Op.String()))
			f.add(n.OpPos, end, other.String(), fmt.Sprintf("%s %s %s -> %s", x, n.Op, y, other))
		}
	}
}

// choices removes one of several expressions of a case.
func (f *finder) choices(n *ast.CaseClause) {
	if len(n.List) < 2 {
		return
	}
	for i, e := range n.List {
		from, to := e.Pos(), e.End()
		if i == 0 {
			to = n.List[1].Pos()
		} else {
			from = n.List[i-1].End()
		}
		f.add(from, to, "", "without case "+f.text(e))
	}
}

// statements removes statements, but none that declares a variable, returns, logs or panics.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if logs(s.X) || panics(s.X) {
				continue
			}
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE || allBlank(s.Lhs) {
				continue
			}
		case *ast.IncDecStmt, *ast.DeferStmt, *ast.SendStmt:
		case *ast.BranchStmt:
			if s.Tok != token.CONTINUE {
				continue
			}
		default:
			continue
		}
		f.add(s.Pos(), s.End(), "", "without "+f.text(s))
	}
}

func allBlank(all []ast.Expr) bool {
	return !slices.ContainsFunc(all, func(e ast.Expr) bool { id, ok := e.(*ast.Ident); return !ok || id.Name != "_" })
}

// panics reports whether a call is a panic.
func panics(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := call.Fun.(*ast.Ident)
	return ok && name.Name == "panic"
}

// logs reports whether a call writes to the log. Log lines need no tests: those would only hinder better wording.
func logs(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, method.Sel.Name) {
		return false
	}
	switch on := method.X.(type) {
	case *ast.Ident:
		return strings.HasSuffix(strings.ToLower(on.Name), "log")
	case *ast.SelectorExpr:
		return strings.HasSuffix(strings.ToLower(on.Sel.Name), "log")
	}
	return false
}
