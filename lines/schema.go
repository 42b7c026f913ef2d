package lines

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// schemaFrame is the schema of a line's file without the kinds of questions, which replace kindsHere.
//
//go:embed schema.json
var schemaFrame []byte

var kindsHere = []byte(`"every kind of question, from the kinds themselves: see schema.go"`)

// Schema is the JSON Schema (draft 2020-12) of a line's file, for editors. It knows less than Parse, which also checks
// what depends on several settings.
func Schema() []byte { return slices.Clone(wholeSchema()) }

var wholeSchema = sync.OnceValue(func() []byte {
	var all ordered
	for _, k := range kinds {
		all = append(all, member{k().key(), schemaOf(k())})
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.Replace(schemaFrame, kindsHere, inJSON(all), 1), "", "  "); err != nil {
		panic(fmt.Sprintf("the schema: %v", err)) // the binary's own file
	}
	return out.Bytes()
})

// doc describes a setting for editors: the words of the kind, and what type and tags do not say.
type doc struct {
	Description string   `json:"description,omitempty"`
	Type        any      `json:"type,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	MinLength   int      `json:"minLength,omitempty"`
	MaxLength   int      `json:"maxLength,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Default     any      `json:"default,omitempty"`
	Examples    []string `json:"examples,omitempty"`
	Items       *doc     `json:"items,omitempty"`
	MinItems    int      `json:"minItems,omitempty"`
	MaxItems    int      `json:"maxItems,omitempty"`
	UniqueItems bool     `json:"uniqueItems,omitempty"`
}

// usualDocs describe settings with the same meaning in most kinds.
var usualDocs = map[string]doc{
	"digits": {Description: "How many digits it has. One number, or the smallest and the largest: 6 or 4-6."},
	"speech": {Description: "Whether callers may say it, on a line with speech."},
	"first_digit": {
		Description: "The time to the first digit, 1s to 99s; otherwise the line's. Slow callers have twice as much.",
		Examples:    []string{"10s"},
	},
	"inter_digit": {
		Description: "The time between digits, 1s to 30s, and less than first_digit; otherwise the line's. " +
			"Slow callers have twice as much.",
		Examples: []string{"5s"},
	},
	"reasks": {Description: "How often it is asked again after a wrong one."},
	"else": {
		Description: "The question that is asked in place of this one when it was not answered right: " +
			"the one of that name in the list, else one with the usual settings.",
		Examples: []string{"sms_code"},
	},
}

// kindSchema is the schema of the settings below a kind's key.
type kindSchema struct {
	Description          string   `json:"description"`
	Type                 string   `json:"type"`
	AdditionalProperties bool     `json:"additionalProperties"`
	Properties           ordered  `json:"properties"`
	Required             []string `json:"required,omitempty"`
}

func schemaOf(k Kind) kindSchema {
	text, docs := k.describe()
	s := kindSchema{Description: text, Type: "object", Required: requiredOf(k)}
	v := reflect.ValueOf(k).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		key := f.Tag.Get("yaml")
		if key == "" {
			continue
		}
		d, own := docs[key]
		if !own {
			d = usualDocs[key]
		}
		d.fill(v.FieldByIndex(f.Index).Interface(), f.Tag)
		s.Properties = append(s.Properties, member{key, d})
	}
	return s
}

// fill adds what a setting's type, tags and default say.
func (d *doc) fill(usual any, tag reflect.StructTag) {
	bounded := tag.Get("bounds") != ""
	switch x := usual.(type) {
	case Digits:
		d.Type, d.Pattern, usual = []string{"string", "integer"}, "^[0-9]{1,3}(-[0-9]{1,3})?$", x.String()
	case time.Duration: // a text, whose bounds are told in words
		d.Type, d.Pattern, bounded = "string", `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`, false
		usual = strings.Replace(x.String(), "m0s", "m", 1)
		if x == 0 { // another one applies
			usual = ""
		}
	case int:
		d.Type = "integer"
	case float64:
		d.Type = "number"
	case bool:
		d.Type = "boolean"
	case []CodeWay:
		least, most, _ := strings.Cut(tag.Get("items"), "..")
		d.Type, d.UniqueItems, d.MinItems, d.MaxItems = "array", true, int(boundOf(least)), int(boundOf(most))
	default:
		d.Type = "string"
	}
	if words := tag.Get("enum"); words != "" {
		d.Enum = strings.Split(words, ",")
	}
	if bounded {
		least, most, _ := strings.Cut(tag.Get("bounds"), "..")
		low, high := boundOf(least), boundOf(most)
		d.Minimum, d.Maximum = &low, &high
	}
	if d.Default == nil && usual != "" && tag.Get("required") != "true" {
		d.Default = usual
	}
}

// ordered is an object with ordered members.
type ordered []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o ordered) MarshalJSON() ([]byte, error) {
	all := make([]string, len(o))
	for i, m := range o {
		all[i] = fmt.Sprintf("%s:%s", inJSON(m.key), inJSON(m.value))
	}
	return []byte("{" + strings.Join(all, ",") + "}"), nil
}

// inJSON encodes a value without HTML escapes.
func inJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("the schema: %v", err)) // made of texts and numbers
	}
	return bytes.TrimSpace(b.Bytes())
}
