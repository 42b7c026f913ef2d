package web

import (
	_ "embed"
	"net/http"

	"github.com/goccy/go-yaml"
)

// Description is the API in OpenAPI 3.1.
//
//go:embed openapi.yaml
var Description []byte

var descriptionJSON = mustJSON(Description)

func mustJSON(text []byte) []byte {
	out, err := yaml.YAMLToJSON(text)
	if err != nil {
		panic(err) // embedded
	}
	return out
}

// description answers with the API's description, for programs.
func (a *api) description(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(descriptionJSON)
	return nil
}
