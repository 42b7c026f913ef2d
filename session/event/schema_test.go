package event_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// node is the part of a JSON Schema that these tests look at.
type node struct {
	ID                   string           `json:"$id"`
	Title                string           `json:"title"`
	Description          string           `json:"description"`
	Type                 string           `json:"type"`
	Format               string           `json:"format"`
	Const                any              `json:"const"`
	Properties           map[string]*node `json:"properties"`
	Required             []string         `json:"required"`
	AdditionalProperties *bool            `json:"additionalProperties"`
	Items                *node            `json:"items"`
	Enum                 []string         `json:"enum"`
	Examples             []string         `json:"examples"`
}

func readSchema(t *testing.T, f event.Fact) *node {
	t.Helper()
	b, ok := event.Schema(f)
	require.True(t, ok)
	var n node
	require.NoError(t, json.Unmarshal(b, &n))
	return &n
}

func compile(t *testing.T, f event.Fact) *jsonschema.Schema {
	t.Helper()
	b, ok := event.Schema(f)
	require.True(t, ok)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("schema.json", doc))
	schema, err := c.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

// example is an example as any JSON reader sees it.
func example(t *testing.T, f event.Fact) map[string]any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(readExample(t, f)))
	require.NoError(t, err)
	return doc.(map[string]any)
}

func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) { require.NoError(t, compile(t, f).Validate(example(t, f))) })
}

func TestAnEventWithOnlyItsRequiredFieldsIsValid(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		doc := example(t, f)
		data, required := doc["data"].(map[string]any), readSchema(t, f).Properties["data"].Required
		maps.DeleteFunc(data, func(name string, _ any) bool { return !slices.Contains(required, name) })
		require.NoError(t, compile(t, f).Validate(doc))
	})
}

func TestAnEventWithFieldsAndWordsOfALaterV1IsValid(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		doc := example(t, f)
		doc["traceparent"] = "00-01"
		data := doc["data"].(map[string]any)
		data["colour"] = "green"
		for _, open := range []string{"reason", "result", "end", "method", "outcome", "kind", "on", "attestation"} {
			if _, ok := data[open]; ok {
				data[open] = "voice_print_2"
			}
		}
		if _, ok := data["methods"]; ok {
			data["methods"] = []any{"voice_print_2"}
		}
		require.NoError(t, compile(t, f).Validate(doc))
	})
}

func TestSchemasRefuseWhatIsNoSuchEvent(t *testing.T) {
	t.Parallel()
	eachFact(t, func(t *testing.T, f event.Fact) {
		schema, own := compile(t, f), readSchema(t, f)
		refuse := func(why string, change func(doc, data map[string]any)) {
			doc := example(t, f)
			change(doc, doc["data"].(map[string]any))
			assert.Error(t, schema.Validate(doc), why)
		}
		refuse("another fact", func(doc, _ map[string]any) { doc["type"] = "countersign.v1.weather_changed" })
		refuse("another CloudEvents", func(doc, _ map[string]any) { doc["specversion"] = "0.3" })
		refuse("local time", func(doc, _ map[string]any) { doc["time"] = "2025-11-19T09:41:07+01:00" })
		refuse("no sequence", func(doc, _ map[string]any) { doc["seq"] = json.Number("0") })
		for _, name := range own.Required {
			refuse("without "+name, func(doc, _ map[string]any) { delete(doc, name) })
		}
		for _, name := range own.Properties["data"].Required {
			refuse("without data."+name, func(_, data map[string]any) { delete(data, name) })
		}
		if _, ok := own.Properties["data"].Properties["status"]; ok {
			refuse("a fourth status", func(_, data map[string]any) { data["status"] = "almost" })
			refuse("a fifth level", func(_, data map[string]any) { data["level"] = json.Number("4") })
		}
	})
}

func TestSchemaOfAnUnknownFact(t *testing.T) {
	t.Parallel()
	for _, f := range []event.Fact{"weather_changed", "", "../schema/routed", "routed.json"} {
		_, ok := event.Schema(f)
		assert.False(t, ok, f)
	}
}

// The schemas and the Go types say the same, field by field, so that they cannot drift apart.
func TestSchemasMatchTheGoTypes(t *testing.T) {
	t.Parallel()
	words := declaredWords(t)
	eachFact(t, func(t *testing.T, f event.Fact) {
		schema := readSchema(t, f)
		assert.Equal(t, "urn:countersign:v1:"+string(f), schema.ID)
		assert.Equal(t, "countersign.v1."+string(f), schema.Properties["type"].Const)
		matchEnvelope(t, f, schema)
		matchStruct(t, "data", schema.Properties["data"], reflect.TypeOf(examples()[f].Data), words)
		describe(t, "", schema)
	})
}

// matchEnvelope compares with an event as it is written: the envelope's type is the package's own affair.
func matchEnvelope(t *testing.T, f event.Fact, schema *node) {
	t.Helper()
	written := slices.Sorted(maps.Keys(example(t, f)))
	assert.ElementsMatch(t, append(slices.Clone(written), "replay", "test"), slices.Collect(maps.Keys(schema.Properties)))
	assert.ElementsMatch(t, written, schema.Required)
	require.NotNil(t, schema.AdditionalProperties)
	assert.True(t, *schema.AdditionalProperties)
}

func matchStruct(t *testing.T, at string, schema *node, typ reflect.Type, words map[string][]string) {
	t.Helper()
	assert.Equal(t, "object", schema.Type, at)
	require.NotNil(t, schema.AdditionalProperties, at)
	assert.True(t, *schema.AdditionalProperties, at)
	var names, required []string
	for _, field := range reflect.VisibleFields(typ) {
		if field.Anonymous { // its fields follow
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		require.NotEmpty(t, name, "%s.%s has no name in JSON", at, field.Name)
		names = append(names, name)
		if options != "omitempty" {
			required = append(required, name)
		}
		if property, ok := schema.Properties[name]; assert.True(t, ok, "%s.%s is not in the schema", at, name) {
			matchType(t, at+"."+name, property, field.Type, words)
		}
	}
	assert.ElementsMatch(t, names, slices.Collect(maps.Keys(schema.Properties)), "%s: properties", at)
	assert.ElementsMatch(t, required, schema.Required, "%s: required", at)
}

func matchType(t *testing.T, at string, schema *node, typ reflect.Type, words map[string][]string) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Pointer: // may be absent
		matchType(t, at, schema, typ.Elem(), words)
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			assert.Equal(t, "string", schema.Type, at)
			assert.Equal(t, "date-time", schema.Format, at)
			return
		}
		matchStruct(t, at, schema, typ, words)
	case reflect.Slice:
		assert.Equal(t, "array", schema.Type, at)
		require.NotNil(t, schema.Items, at)
		matchType(t, at+"[]", schema.Items, typ.Elem(), words)
	case reflect.Bool:
		assert.Equal(t, "boolean", schema.Type, at)
	case reflect.Int, reflect.Int64:
		assert.Equal(t, "integer", schema.Type, at)
	case reflect.String:
		assert.Equal(t, "string", schema.Type, at)
		switch known := words[typ.Name()]; {
		case typ.Name() == "string":
		case typ == reflect.TypeFor[event.Status](): // the one closed list; a fact may allow only some of it
			assert.NotEmpty(t, schema.Enum, at)
			assert.Subset(t, known, schema.Enum, at)
		default:
			assert.Empty(t, schema.Enum, "%s: the list may grow within v1", at)
			assert.ElementsMatch(t, known, schema.Examples, at)
			for _, word := range known {
				assert.Contains(t, schema.Description, word+" = ", "%s: say what the word means", at)
			}
		}
	default:
		t.Errorf("%s: a %s has no place in an event", at, typ)
	}
}

// describe asks for a title and a description of everything.
func describe(t *testing.T, at string, n *node) {
	t.Helper()
	assert.NotEmpty(t, n.Title, "%s: title", at)
	assert.NotEmpty(t, n.Description, "%s: description", at)
	for name, property := range n.Properties {
		describe(t, at+"."+name, property)
	}
	if n.Items != nil {
		describe(t, at+"[]", n.Items)
	}
}

// declaredWords reads the constants of each type of this package from its source, because reflection cannot.
func declaredWords(t *testing.T) map[string][]string {
	t.Helper()
	words := map[string][]string{}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			typ, ok := spec.Type.(*ast.Ident)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if value, ok := spec.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
				word, err := strconv.Unquote(value.Value)
				require.NoError(t, err)
				words[typ.Name] = append(words[typ.Name], word)
			}
			return true
		})
	}
	require.Contains(t, words, "Reason")
	return words
}
