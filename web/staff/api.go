package staff

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

// apiPage is the API's description, for people.
type apiPage struct {
	Title, About string
	Operations   []apiOperation
	Schemas      []apiSchema
}

// apiOperation is what a program can ask.
type apiOperation struct {
	ID, Method, Path, Summary, About string
	// Scope is what its key needs; "" if everybody may.
	Scope      string
	Parameters []apiParameter
	// Bodies are what is sent, by its type, Answers what comes back, by its status.
	Bodies  []apiContent
	Answers []apiAnswer
}

type apiParameter struct{ Name, In, About, Schema string }

type apiContent struct {
	Type string
	// Schema is YAML; Ref is the name of one of Schemas.
	Schema, Ref string
}

type apiAnswer struct {
	Status, About string
	Contents      []apiContent
}

type apiSchema struct{ Name, Schema string }

// members are a mapping in the order of the file.
type members = yaml.MapSlice

// description is an OpenAPI document that is read.
type description struct{ whole members }

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
func (d description) named(v any) members {
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

func contents(m members) (all []apiContent) {
	for _, item := range sub(m, "content") {
		schema := sub(item.Value, "schema")
		c := apiContent{Type: fmt.Sprint(item.Key)}
		if ref, ok := strings.CutPrefix(word(schema, "$ref"), "#/components/schemas/"); ok {
			c.Ref = ref
		} else if len(schema) > 0 {
			c.Schema = asYAML(schema)
		}
		all = append(all, c)
	}
	return all
}

func (d description) operation(path, method string, m members) apiOperation {
	o := apiOperation{
		ID: strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(method+path), "-"), Method: strings.ToUpper(method),
		Path: path, Summary: word(m, "summary"), About: word(m, "description"), Scope: word(m, "x-scope"),
		Bodies: contents(sub(m, "requestBody")),
	}
	parameters, _ := at(m, "parameters").([]any)
	for _, p := range parameters {
		p := d.named(p)
		o.Parameters = append(o.Parameters, apiParameter{
			Name: word(p, "name"), In: word(p, "in"), About: word(p, "description"), Schema: asYAML(d.named(at(p, "schema"))),
		})
	}
	for _, item := range sub(m, "responses") {
		answer := d.named(item.Value)
		o.Answers = append(o.Answers, apiAnswer{fmt.Sprint(item.Key), word(answer, "description"), contents(answer)})
	}
	return o
}

// readDescription reads an OpenAPI document.
func readDescription(text []byte) (p apiPage, err error) {
	var d description
	if err := yaml.UnmarshalWithOptions(text, &d.whole, yaml.UseOrderedMap()); err != nil {
		return p, err
	}
	info := sub(d.whole, "info")
	p.Title, p.About = word(info, "title"), word(info, "description")
	for _, path := range sub(d.whole, "paths") {
		for _, method := range sub(path.Value) {
			p.Operations = append(p.Operations, d.operation(fmt.Sprint(path.Key), fmt.Sprint(method.Key), sub(method.Value)))
		}
	}
	for _, schema := range sub(d.whole, "components", "schemas") {
		p.Schemas = append(p.Schemas, apiSchema{fmt.Sprint(schema.Key), asYAML(schema.Value)})
	}
	return p, nil
}

// Paragraphs are a text of the description.
func (page) Paragraphs(text string) []string { return strings.Split(text, "\n\n") }

// apiOnce reads the description when somebody looks at it first.
type apiOnce struct {
	once sync.Once
	page apiPage
	err  error
}

// api shows the API to people who write programs. It is English: so is the API.
func (p *Pages) api(w http.ResponseWriter, r *http.Request) error {
	p.described.once.Do(func() { p.described.page, p.described.err = readDescription(p.API) })
	if p.described.err != nil {
		return p.described.err
	}
	return p.show(w, r, "api", p.described.page)
}
