package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"countersign/session/token"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// description holds the parts of openapi.yaml that tests need.
type description struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Responses map[string]outcome `json:"responses"`
		Schemas   struct {
			LoginMethod struct {
				Enum []string `json:"enum"`
			}
		} `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Scope     string             `json:"x-scope"`
	Security  *[]any             `json:"security"`
	Responses map[string]outcome `json:"responses"`
}

type outcome struct {
	Ref     string         `json:"$ref"`
	Content map[string]any `json:"content"`
}

// openAPI reads the file once and returns a compiler for its schemas too.
var openAPI = sync.OnceValues(func() (description, *jsonschema.Compiler) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		panic(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		panic(err)
	}
	var d description
	if err := json.Unmarshal(asJSON, &d); err != nil {
		panic(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("urn:openapi", document); err != nil {
		panic(err)
	}
	return d, compiler
})

var compiling sync.Mutex

// described checks an answer against openapi.yaml: its status, its type, and its body.
func described(t testing.TB, method, path string, got reply) {
	t.Helper()
	d, compiler := openAPI()
	pattern := patternOf(d, path)
	at := []string{"components", "responses", "Problem"} // for unknown addresses
	response := d.Components.Responses["Problem"]
	if op, ok := d.Paths[pattern][strings.ToLower(method)]; ok {
		at = []string{"paths", pattern, strings.ToLower(method), "responses", strconv.Itoa(got.status)}
		response, ok = op.Responses[strconv.Itoa(got.status)]
		require.True(t, ok, "openapi.yaml has no %d at %s %s: %s", got.status, method, pattern, got.text)
		if name, ok := strings.CutPrefix(response.Ref, "#/components/responses/"); ok {
			at, response = []string{"components", "responses", name}, d.Components.Responses[name]
		}
	}
	media := got.header.Get("Content-Type")
	require.Contains(t, response.Content, media)
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	pointer := "urn:openapi#"
	for _, part := range append(at, "content", media, "schema") {
		pointer += "/" + escape.Replace(part)
	}
	compiling.Lock()
	schema, err := compiler.Compile(pointer)
	compiling.Unlock()
	require.NoError(t, err)
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(got.text))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(body), got.text)
}

// patternOf is the path of openapi.yaml that an address belongs to: one without variables before one with them.
func patternOf(d description, address string) string {
	address, _, _ = strings.Cut(address, "?")
	if _, ok := d.Paths[address]; ok {
		return address
	}
	parts := strings.Split(address, "/")
	for pattern := range d.Paths {
		of := strings.Split(pattern, "/")
		fits := len(of) == len(parts)
		for i := 0; fits && i < len(of); i++ {
			fits = of[i] == parts[i] || strings.HasPrefix(of[i], "{")
		}
		if fits {
			return pattern
		}
	}
	return address
}

func TestOpenAPIHasExactlyTheRoutes(t *testing.T) {
	t.Parallel()
	d, _ := openAPI()
	var built, written []string
	for _, r := range (&api{}).routes() {
		built = append(built, fmt.Sprintf("%s %s public=%v scope=%s", r.Method, r.Path, r.Rule.IsPublic(), r.Rule.Scope()))
	}
	for path, operations := range d.Paths {
		for method, op := range operations {
			public := op.Security != nil && len(*op.Security) == 0
			written = append(written, fmt.Sprintf("%s %s public=%v scope=%s", strings.ToUpper(method), path, public, op.Scope))
			for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests} {
				assert.Equal(t, !public, op.Responses[strconv.Itoa(status)].Ref != "", "%s %s %d", method, path, status)
			}
		}
	}
	assert.ElementsMatch(t, built, written)
}

func TestOpenAPINamesTheMethodsOfALogin(t *testing.T) {
	t.Parallel()
	d, _ := openAPI()
	var words []string
	for _, m := range token.Methods() {
		words = append(words, string(m))
	}
	slices.Sort(words)
	assert.Equal(t, words, d.Components.Schemas.LoginMethod.Enum)
}

func TestSchemasOfOpenAPICompile(t *testing.T) {
	t.Parallel()
	d, compiler := openAPI()
	require.NotEmpty(t, d.Paths)
	for _, name := range []string{
		"Problem", "Health", "Keys", "IntrospectRequest", "Introspection", "Redeemed", "Token", "Call", "StepUp",
		"LoginMethod", "FoundCalls", "Journey", "Report",
		"NewPerson", "Person", "PersonSettings", "Invitation", "Roles", "Scopes", "ApiKey", "Wall", "Webhook", "FailingCall",
		"Alert", "AlertOrder", "OrderedAlerts", "AlertAnswer", "Board", "Queues", "Settings", "NewSettings", "NewSchedule", "Benefits", "WhatIf", "LineProblem", "LineVersion", "NewLineVersion", "CheckedLine", "LineStart", "LineCalls",
	} {
		compiling.Lock()
		_, err := compiler.Compile("urn:openapi#/components/schemas/" + name)
		compiling.Unlock()
		assert.NoError(t, err)
	}
}

func TestTheDescriptionIsServed(t *testing.T) {
	t.Parallel()
	got := newSite(t).get("/v1/openapi.json", withKey(""))
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "3.1.0", got.body["openapi"])
	assert.Contains(t, got.body["paths"], "/v1/tokens")
}
