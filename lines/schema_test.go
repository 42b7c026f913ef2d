package lines_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/lines"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A release only adds to the published schema.
func TestThePublishedSchemaOnlyGrows(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "schema.json"))
	require.NoError(t, err)
	var published, now any
	require.NoError(t, json.Unmarshal(text, &published))
	require.NoError(t, json.Unmarshal(lines.Schema(), &now))
	contains(t, now, published, "")
}

// contains requires that a value contains another: the members of objects, the beginnings of lists. Descriptions may
// change.
func contains(t *testing.T, whole, part any, path string) {
	t.Helper()
	if list, is := part.([]any); is {
		longer, _ := whole.([]any)
		require.GreaterOrEqual(t, len(longer), len(list), path)
		for i := range list {
			contains(t, longer[i], list[i], fmt.Sprintf("%s[%d]", path, i))
		}
		return
	}
	members, is := part.(map[string]any)
	if !is {
		assert.Equal(t, part, whole, path)
		return
	}
	object, _ := whole.(map[string]any)
	for key, value := range members {
		if assert.Contains(t, object, key, path) && key != "description" {
			contains(t, object[key], value, path+"."+key)
		}
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(lines.Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, c.AddResource("line.json", doc))
	s, err := c.Compile("line.json")
	require.NoError(t, err)
	return s
}

// asJSON is a file as an editor's YAML server sees it.
func asJSON(text string) (any, error) {
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(b))
}

func TestSchemaAndParseAgree(t *testing.T) {
	t.Parallel()
	s := compiledSchema(t)
	for file, text := range shipped(t) {
		doc, err := asJSON(string(text))
		require.NoError(t, err)
		assert.NoError(t, s.Validate(doc), file)
	}
	for name, text := range rights {
		require.Empty(t, said(t, text), name)
		doc, err := asJSON(text)
		require.NoError(t, err, name)
		assert.NoError(t, s.Validate(doc), name)
	}
	for name, c := range wrongs {
		doc, err := asJSON(c.text)
		if err != nil {
			continue // editors find it without a schema
		}
		if err = s.Validate(doc); c.schema {
			assert.Error(t, err, "%s: the schema takes what Parse does not", name)
		} else {
			assert.NoError(t, err, "%s: the schema sees it too: mark it", name)
		}
	}
}

// rights are valid files that use every setting, in every notation.
var rights = map[string]string{
	"the smallest":           small,
	"everything":             everything,
	"numbers without quotes": with("numbers: [5000, 0049301234, \"+49*\", \"*\", reception]\n"),
	"keys without quotes": with2(
		"identify",
		"- choice: {key: 1, name: x, prompt: have-account}\n  - number: {name: account, digits: 8, read_back: \"true\", "+
			"opt_out: none}",
	),
	"hangups":             with("  verified: hangup\nhours: {tz: UTC, open: \"00:00-24:00\", closed: hangup}\n"),
	"a phone with digits": with2("identify", "- number: {name: phone, digits: 7}"),
	"letters": with2(
		"identify", "- number: {name: account, digits: 6, letters: true, check: mod37-36}\n"+
			"  - number: {name: tracking, digits: 16, letters: true, check: mod11-2}\n"+
			"  - number: {name: customer, digits: 16, letters: false, check: mod11-2}",
	),
	"asked unsafely":      with2("identify", "- number: {name: account, digits: 8, reasks: 10, allow_unsafe: true}"),
	"nothing of anything": with("numbers: []\nregion: \"\"\npop_url: \"\"\nprompts: {}\ntimers: {}\n"),
}

const everything = `format: 1
line: all-of_it
numbers: ["5000", "+49301234*"]
region: DE
languages: [en, de, pt-BR]
language_menu: true
identify:
  - ani: {enabled: true, several: ask, attestation: A}
  - choice: {name: have_account, prompt: have-account, key: "1"}
  - number: {name: account, prompt: ask-account, digits: 6-10, check: luhn, reasks: 5, allow_unsafe: true,
      opt_out: "*", read_back: unattested}
verify:
  level: 3
  questions:
    - pin: {digits: 6, reasks: 1, else: sms_code}
    - birth_date: {reasks: 0, else: post_code}
    - fact: {name: post_code, prompt: ask-fact, digits: 5, reasks: 1, else: totp}
    - passphrase: {engine: pocketsphinx, grammar: words, confidence: 0.9, tries: 3, else: sms_code}
    - sms_code: {digits: 8, lifetime: 90s, tries: 5, else: totp}
    - totp: {tries: 3}
greet_by_name: true
remember_number: true
send_token: true
pop_url: https://crm.example/customer/{customer}?call={call}
allows:
  1: {en: Nothing but opening hours.}
  "2": {en: Orders up to 500 €., de: Bestellungen bis 500 €.}
prompts:
  greeting:
    en: {text: Welcome.}
    de: {file: hallo.wav}
timers: {first_digit: 10s, inter_digit: 2.5s}
routes:
  verified: menu XML default
  identified: agents XML default
  unidentified: agents XML default
  failed: agents XML default
  opted_out: agents XML default
  locked: agents XML default
  unavailable: agents XML default
hours: {tz: Europe/Berlin, open: "Mo-Fr 08:00-18:00, Sa 22:00-06:00", closed: closed XML default,
  holidays: [2026-12-25]}
`

// node is a part of the schema.
type node map[string]any

func (n node) at(key string) node {
	m, _ := n[key].(map[string]any)
	return m
}

func TestTheSchemaHasWhatTheStructsHave(t *testing.T) {
	t.Parallel()
	var schema node
	require.NoError(t, json.Unmarshal(lines.Schema(), &schema))
	sameKeys(t, reflect.TypeFor[lines.Definition](), schema, "")
}

// sameKeys requires that a struct and its schema have the same keys, the same required ones, and the same bounds.
func sameKeys(t *testing.T, typ reflect.Type, schema node, path string) {
	t.Helper()
	require.Equal(t, false, schema["additionalProperties"], path)
	if variants := lines.Variants(typ); variants != nil {
		for key, settings := range variants {
			property := schema.at("properties").at(key)
			require.NotNil(t, property, "%s: no %s", path, key)
			describes(t, property, path+"."+key)
			sameKeys(t, settings, property, path+"."+key)
		}
		assert.ElementsMatch(t, slices.Collect(maps.Keys(variants)), slices.Collect(maps.Keys(schema.at("properties"))), path)
		assert.EqualValues(t, 1, schema["minProperties"], path)
		assert.EqualValues(t, 1, schema["maxProperties"], path)
		return
	}
	var keys, required []string
	for _, f := range reflect.VisibleFields(typ) {
		key := f.Tag.Get("yaml")
		if key == "" {
			continue
		}
		keys = append(keys, key)
		if f.Tag.Get("required") == "true" {
			required = append(required, key)
		}
		at := path + "." + key
		property := schema.at("properties").at(key)
		require.NotNil(t, property, at)
		sameValue(t, f, property, at)
	}
	slices.Sort(keys)
	assert.Equal(t, keys, slices.Sorted(maps.Keys(schema.at("properties"))), path)
	got := []string{}
	if list, ok := schema["required"].([]any); ok {
		for _, r := range list {
			got = append(got, r.(string))
		}
	}
	assert.ElementsMatch(t, required, got, path)
}

// describes requires a sentence that describes a part of the schema.
func describes(t *testing.T, property node, path string) string {
	t.Helper()
	text, _ := property["description"].(string)
	assert.Greater(t, len(text), 10, "%s: no description", path)
	assert.True(t, strings.HasSuffix(text, "."), "%s: %s", path, text)
	return text
}

func sameValue(t *testing.T, f reflect.StructField, property node, path string) {
	t.Helper()
	text := describes(t, property, path)
	typ := f.Type
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if low, high, ok := strings.Cut(f.Tag.Get("bounds"), ".."); ok && typ != reflect.TypeFor[time.Duration]() {
		assert.Equal(t, number(t, low), property["minimum"], path)
		assert.Equal(t, number(t, high), property["maximum"], path)
	} else if ok {
		assert.Contains(t, text, low+" to "+high, path)
	}
	if words := f.Tag.Get("enum"); words != "" {
		var got []string
		for _, w := range property["enum"].([]any) {
			got = append(got, fmt.Sprint(w))
		}
		slices.Sort(got)
		want := strings.Split(words, ",")
		slices.Sort(want)
		assert.Equal(t, want, slices.Compact(got), path)
	}
	if low, high, ok := strings.Cut(f.Tag.Get("items"), ".."); ok {
		least, most := "minItems", "maxItems"
		if typ.Kind() == reflect.Map {
			least, most = "minProperties", "maxProperties"
		}
		if low != "0" {
			assert.Equal(t, number(t, low), property[least], path)
		}
		assert.Equal(t, number(t, high), property[most], path)
	}
	switch {
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct && typ.Elem() != reflect.TypeFor[lines.Date]():
		sameKeys(t, typ.Elem(), property.at("items"), path+"[]")
	case typ.Kind() == reflect.Map && typ.Elem().Kind() == reflect.String:
	case typ.Kind() == reflect.Map && typ.Elem().Elem().Kind() == reflect.String:
	case typ.Kind() == reflect.Map:
		sameKeys(t, typ.Elem().Elem(), property.at("additionalProperties").at("additionalProperties"), path+"{}")
	case property["type"] == "object":
		sameKeys(t, typ, property, path)
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return n
}

func TestTheSchemasDefaultsAreThoseOfParse(t *testing.T) {
	t.Parallel()
	var schema node
	require.NoError(t, json.Unmarshal(lines.Schema(), &schema))
	def := parsed(t, with2("identify", "- ani: {}\n  - choice: {}\n  - number: {name: account, digits: 8}")+
		"verify: {questions: [pin: {}, birth_date: {}, fact: {name: x, digits: 2}, passphrase: {engine: e, grammar: g}, "+
		"sms_code: {}, totp: {}]}\n")
	seen := 0
	var compare func(v reflect.Value, schema node, path string)
	compare = func(v reflect.Value, schema node, path string) {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return
			}
			v = v.Elem()
		}
		if want, ok := schema["default"]; ok {
			seen++
			if list, is := want.([]any); is {
				want = list[0]
				v = v.Index(0)
			}
			got := fmt.Sprint(v.Interface())
			if d, is := v.Interface().(time.Duration); is {
				parsed, err := time.ParseDuration(fmt.Sprint(want))
				require.NoError(t, err)
				want = parsed
				got = d.String()
			}
			if !strings.HasSuffix(path, ".prompt") || got != "" { // prompts are found by name
				assert.Equal(t, fmt.Sprint(want), got, path)
			}
			return
		}
		switch {
		case v.Kind() == reflect.Slice && schema.at("items").at("properties") != nil:
			for i := range v.Len() {
				compare(v.Index(i), schema.at("items"), path+"[]")
			}
		case lines.Variants(v.Type()) != nil:
			key, settings := lines.Chosen(v.Addr().Interface())
			compare(reflect.ValueOf(settings), schema.at("properties").at(key), path+"."+key)
		case v.Kind() == reflect.Struct && schema.at("properties") != nil:
			for _, f := range reflect.VisibleFields(v.Type()) {
				if key := f.Tag.Get("yaml"); key != "" {
					compare(v.FieldByIndex(f.Index), schema.at("properties").at(key), path+"."+key)
				}
			}
		}
	}
	compare(reflect.ValueOf(def), schema, "")
	assert.Greater(t, seen, 20)
}
