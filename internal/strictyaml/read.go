// Package strictyaml reads a YAML file into a struct, and reports every mistake in it at once, each with its line. Keys
// that the struct does not know are mistakes. Times may be written in days: 90d.
package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"countersign/internal/nearest"
)

// Read fills into, a pointer to a struct with its defaults. What the file does not mention keeps its value. file is its
// name for messages. The error is Problems; no value of the file is in it but those of times.
func Read(file string, text []byte, into any) (Source, error) {
	s := Source{file: file, at: map[string]position{}}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return s, Problems{s.syntax(err)}
	}
	r := reader{source: s, aliases: usesAliases(parsed)}
	for i, doc := range parsed.Docs {
		if body := doc.Body; !isNothing(body) && i == 0 {
			r.structure(body, reflect.ValueOf(into).Elem(), "")
		} else if !isNothing(body) {
			r.wrong(positionOf(body), "", "a second document: write all settings in one")
		}
	}
	if len(r.problems) == 0 && r.aliases { // only a whole file knows what its aliases mean
		if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
			return s, Problems{s.syntax(err)}
		}
	}
	if len(r.problems) > 0 {
		return s, r.problems
	}
	return s, nil
}

// isNothing reports a document of comments, or an empty one.
func isNothing(n ast.Node) bool {
	switch n.(type) {
	case nil, *ast.CommentGroupNode, *ast.NullNode:
		return true
	}
	return false
}

type reader struct {
	source   Source
	aliases  bool // aliases are left to yaml; this reader then only looks for unknown keys
	problems Problems
}

func (r *reader) wrong(at position, key, format string, a ...any) {
	text := fmt.Sprintf(format, a...)
	if key != "" {
		text = key + " " + text
	}
	r.problems = append(r.problems, Problem{File: r.source.file, Line: at.line, Column: at.column, Text: text})
}

// value reads n, the value of a key, into v.
func (r *reader) value(n ast.Node, v reflect.Value, key string) {
	r.source.at[key] = positionOf(n)
	switch n.(type) {
	case *ast.NullNode, *ast.AliasNode:
		return
	}
	if anchor, ok := n.(*ast.AnchorNode); ok {
		n = anchor.Value
	}
	if _, own := v.Addr().Interface().(yaml.BytesUnmarshaler); own {
		r.leaf(n, v, key)
		return
	}
	switch t := v.Type(); {
	case t == reflect.TypeFor[time.Duration]():
		r.duration(n, v, key)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		if v.IsNil() {
			v.Set(reflect.New(t.Elem()))
		}
		r.structure(n, v.Elem(), key)
	case t.Kind() == reflect.Pointer && n.Type() != ast.NullType: // package yaml leaves it nil for false
		v.Set(reflect.New(t.Elem()))
		r.value(n, v.Elem(), key)
	case t.Kind() == reflect.Struct:
		r.structure(n, v, key)
	case t.Kind() == reflect.Slice && isStruct(t.Elem()):
		r.list(n, v, key)
	case t.Kind() == reflect.Map && isStruct(t.Elem()):
		r.dictionary(n, v, key)
	default:
		r.leaf(n, v, key)
	}
}

func isStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// structure reads a mapping of known keys.
func (r *reader) structure(n ast.Node, v reflect.Value, key string) {
	fields := fieldsOf(v)
	for _, kv := range r.entries(n, key) {
		name := keyText(kv)
		field, known := fields[name]
		switch {
		case name == "<<" && r.aliases:
		case !known:
			r.wrong(positionOf(kv.Key), "", "%s: there is no such setting%s", join(key, name), meant(name, fields))
		default:
			r.value(kv.Value, field, join(key, name))
		}
	}
}

func (r *reader) list(n ast.Node, v reflect.Value, key string) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		r.wrong(positionOf(n), key, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values)))
	for i, item := range sequence.Values {
		r.value(item, v.Index(i), fmt.Sprintf("%s[%d]", key, i))
	}
}

// dictionary reads a mapping whose keys the file chooses.
func (r *reader) dictionary(n ast.Node, v reflect.Value, key string) {
	entries := r.entries(n, key)
	v.Set(reflect.MakeMapWithSize(v.Type(), len(entries)))
	for _, kv := range entries {
		item := reflect.New(v.Type().Elem()).Elem()
		r.value(kv.Value, item, join(key, keyText(kv)))
		v.SetMapIndex(reflect.ValueOf(keyText(kv)).Convert(v.Type().Key()), item)
	}
}

func (r *reader) entries(n ast.Node, key string) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	if key == "" {
		r.wrong(positionOf(n), "", "want settings, each as key: value")
	} else {
		r.wrong(positionOf(n), key, "must have settings below it, each as key: value")
	}
	return nil
}

func (r *reader) duration(n ast.Node, v reflect.Value, key string) {
	d, err := ParseDuration(strings.Trim(n.String(), "\"' \n"))
	if err != nil {
		r.wrong(positionOf(n), key, "is %v", err)
		return
	}
	v.SetInt(int64(d))
}

// leaf reads a value without settings below it.
func (r *reader) leaf(n ast.Node, v reflect.Value, key string) {
	if r.aliases {
		return
	}
	err := yaml.NodeToValue(n, v.Addr().Interface(), yaml.Strict())
	var known yaml.Error
	switch {
	case err == nil:
	case errors.As(err, &known) || kindName(v.Type()) != "":
		r.wrong(positionOf(n), key, "must be %s", kindName(v.Type()))
	default:
		r.wrong(positionOf(n), key, "is %v", err) // of the type's own UnmarshalYAML
	}
}

// kindName says in words what a value of a type is.
func kindName(t reflect.Type) string {
	if t.Implements(reflect.TypeFor[yaml.BytesUnmarshaler]()) ||
		reflect.PointerTo(t).Implements(reflect.TypeFor[yaml.BytesUnmarshaler]()) {
		return ""
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindName(t.Elem())
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list, each entry " + kindName(t.Elem())
	case reflect.Map:
		return "a mapping, each value " + kindName(t.Elem())
	}
	return "a whole number"
}

// fieldsOf are the fields of a struct by their keys; those of an embedded one are its own.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			for name, field := range fieldsOf(v.Field(i)) {
				fields[name] = field
			}
		case f.IsExported() && name != "" && name != "-":
			fields[name] = v.Field(i)
		}
	}
	return fields
}

func meant(written string, fields map[string]reflect.Value) string {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	if near, ok := nearest.To(written, names); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

func keyText(kv *ast.MappingValueNode) string { return kv.Key.GetToken().Value }

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

func usesAliases(f *ast.File) (found bool) {
	for _, doc := range f.Docs {
		if doc.Body != nil && len(ast.Filter(ast.AliasType, doc.Body)) > 0 {
			return true
		}
	}
	return false
}
