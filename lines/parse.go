package lines

import (
	"reflect"

	"countersign/session"
)

// Parser reads files. Its zero value knows the shipped prompts.
type Parser struct {
	// Prompt says whether a prompt exists; default: those of prompts.All.
	Prompt func(name string) bool
}

// Parse reads a line's file with the zero Parser. file names it in problems.
func Parse(file string, text []byte) (*Definition, error) { return Parser{}.Parse(file, text) }

// Parse reads a line's file. The error is Problems: all of them, in the order of the file.
func (p Parser) Parse(file string, text []byte) (*Definition, error) {
	d := decoder{source: source{file: file, at: map[string]position{}}}
	root, at, err := syntaxTree(text)
	if err != nil {
		d.wrong(at, "", "%v", err)
		return nil, d.problems
	}
	def := &Definition{}
	def.setDefaults()
	d.value(root, reflect.ValueOf(def).Elem(), "", "")
	def.source = d.source
	// Values that could not be read are default or zero in the Definition. Only values that were read are checked further.
	c := checker{def: def, source: d.source, prompt: p.knows(def), bad: map[string]bool{}}
	for _, x := range d.problems {
		c.bad[x.Path] = true
	}
	c.check()
	if all := append(d.problems, c.problems...); len(all) > 0 {
		all.sort()
		return nil, all[:min(len(all), maxProblems)]
	}
	return def, nil
}

// knows says whether the line can play a prompt: from the catalogue or its own.
func (p Parser) knows(def *Definition) func(string) bool {
	catalogue := p.Prompt
	if catalogue == nil {
		catalogue = inCatalogue
	}
	return func(name string) bool {
		_, own := def.Prompts[name]
		return own || catalogue(name)
	}
}

// Level is the level that callers must reach on the line.
func (d *Definition) Level() session.Level {
	if d.Verify == nil {
		return session.Identified
	}
	return session.Level(d.Verify.Level)
}
