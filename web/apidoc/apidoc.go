// Package apidoc reads the description of the API, for a page that shows it to people.
package apidoc

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Page is an API.
type Page struct {
	About      string
	Operations []Operation
	Schemas    []Schema
}

// Operation is what a program can ask.
type Operation struct {
	ID, Method, Path, Summary, About string
	// Scope is what its key needs; "" if everybody may.
	Scope      string
	Parameters []Parameter
	// Bodies are what is sent, by its type, Answers what comes back, by its status.
	Bodies  []Content
	Answers []Answer
}

// Parameter is one in the address.
type Parameter struct{ Name, In, About, Schema string }

// Content is a body.
type Content struct {
	Type string
	// Schema is YAML; Ref is the name of one of Schemas.
	Schema, Ref string
}

// Answer is what may come back.
type Answer struct {
	Status, About string
	Contents      []Content
}

// Schema is YAML with a name.
type Schema struct{ Name, Schema string }

// members are a mapping in the order of the file.
type members = yaml.MapSlice

// document is in OpenAPI 3.1.
type document struct{ whole members }

func at(m members, key string) any {
	for _, item := range m {
		if fmt.Sprint(item.Key) == key {
			return item.Value
		}
	}
	return nil
}

func sub(v any, keys ...string) (m members) {
	m, _ = v.(members)
	for _, key := range keys {
		m, _ = at(m, key).(members)
	}
	return m
}

func word(m members, key string) string {
	text, _ := at(m, key).(string)
	return strings.TrimSpace(text)
}

// named follows a $ref to a part of components.
func (d document) named(v any) members {
	m := sub(v)
	if ref, ok := strings.CutPrefix(word(m, "$ref"), "#/components/"); ok {
		return sub(d.whole, append([]string{"components"}, strings.Split(ref, "/")...)...)
	}
	return m
}

func asYAML(v any) string {
	text, err := yaml.MarshalWithOptions(v, yaml.IndentSequence(true))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func contents(m members) (all []Content) {
	for _, item := range sub(m, "content") {
		schema := sub(item.Value, "schema")
		c := Content{Type: fmt.Sprint(item.Key)}
		if ref, ok := strings.CutPrefix(word(schema, "$ref"), "#/components/schemas/"); ok {
			c.Ref = ref
		} else if len(schema) > 0 {
			c.Schema = asYAML(schema)
		}
		all = append(all, c)
	}
	return all
}

func (d document) operation(path, method string, m members) Operation {
	o := Operation{
		ID:     strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(method+path), "-"),
		Method: strings.ToUpper(method), Path: path, Summary: word(m, "summary"), About: word(m, "description"), Scope: word(m, "x-scope"),
		Bodies: contents(sub(m, "requestBody")),
	}
	parameters, _ := at(m, "parameters").([]any)
	for _, p := range parameters {
		p := d.named(p)
		o.Parameters = append(o.Parameters, Parameter{
			Name: word(p, "name"), In: word(p, "in"), About: word(p, "description"), Schema: asYAML(d.named(at(p, "schema"))),
		})
	}
	for _, item := range sub(m, "responses") {
		answer := d.named(item.Value)
		o.Answers = append(o.Answers, Answer{fmt.Sprint(item.Key), word(answer, "description"), contents(answer)})
	}
	return o
}

// Read reads a description in OpenAPI 3.1.
func Read(text []byte) (p Page, err error) {
	var d document
	if err := yaml.UnmarshalWithOptions(text, &d.whole, yaml.UseOrderedMap()); err != nil {
		return p, err
	}
	p.About = word(sub(d.whole, "info"), "description")
	for _, path := range sub(d.whole, "paths") {
		for _, method := range sub(path.Value) {
			p.Operations = append(p.Operations, d.operation(fmt.Sprint(path.Key), fmt.Sprint(method.Key), sub(method.Value)))
		}
	}
	for _, schema := range sub(d.whole, "components", "schemas") {
		p.Schemas = append(p.Schemas, Schema{fmt.Sprint(schema.Key), asYAML(schema.Value)})
	}
	return p, nil
}
