package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
)

// Outage says how an answer tells that it failed although its status is that of success. Known without it are the
// errors of GraphQL and JSON-RPC: an array errors or an object error at the outermost level.
type Outage struct {
	// Failed is the path (gjson) of a value that is there, and not false, 0, "" or null, if the backend failed; with
	// FailedValues, of one that is then among them: failed: success, failed_values: ["false"]. It is read in every
	// answer that is JSON. If it leads into error or errors, it alone says what these mean.
	Failed       string   `yaml:"failed"`
	FailedValues []string `yaml:"failed_values"`
}

// Shape is what an answer is, which decides what error and errors mean in it.
type Shape int

const (
	// Envelope: the answer has what was asked for in it, and perhaps errors beside it.
	Envelope Shape = iota
	// Record: the answer is what was asked for; error and errors may be its own.
	Record
	// Judgement: the answer has yes or no in it; error may say why it is no.
	Judgement
	// Receipt: the answer says that something was done, unless it has an error.
	Receipt
	// Anything: that there is an answer is all that counts.
	Anything
)

func (o Outage) check() error {
	switch {
	case o.Failed == "" && len(o.FailedValues) > 0:
		return errors.New("failed_values needs failed")
	case o.Failed != "" && (Something(gjson.Get(`{}`, o.Failed)) || o.says(gjson.Get(`{}`, o.Failed))):
		return fmt.Errorf("failed: %q finds a failure in an empty answer", o.Failed)
	}
	return nil
}

// says reports whether the value at Failed means a failure.
func (o Outage) says(v gjson.Result) bool {
	if len(o.FailedValues) == 0 {
		return Something(v)
	}
	said, ok := word(v)
	return ok && slices.Contains(o.FailedValues, said)
}

// word returns a string, number or boolean as a text.
func word(v gjson.Result) (string, bool) {
	switch v.Type {
	case gjson.String:
		return v.Str, true
	case gjson.Number, gjson.True, gjson.False:
		return v.Raw, true
	default:
		return "", false
	}
}

// find returns an error if an answer says that it failed.
func (o Outage) find(r *Reply, shape Shape) error {
	known := r.Status >= 200 && r.Status < 300 && bytes.Contains(r.Body, []byte(`"error`))
	if o.Failed == "" && !known || !json.Valid(r.Body) {
		return nil
	}
	if o.Failed != "" && o.says(gjson.GetBytes(r.Body, o.Failed)) {
		return fmt.Errorf("the answer says that it failed (%q)", o.Failed)
	}
	if known && shape != Anything {
		return o.findKnown(gjson.ParseBytes(r.Body), shape)
	}
	return nil
}

// owns reports whether Failed leads into a key of the outermost object.
func (o Outage) owns(key string) bool {
	return o.Failed == key || len(o.Failed) > len(key) && o.Failed[:len(key)] == key &&
		bytes.IndexByte([]byte(".|@#"), o.Failed[len(key)]) >= 0
}

func (o Outage) findKnown(doc gjson.Result, shape Shape) (failed error) {
	if doc.IsArray() { // a batch of JSON-RPC
		doc.ForEach(func(_, one gjson.Result) bool {
			if one.Get("jsonrpc").Exists() && !o.owns("error") && Something(one.Get("error")) {
				failed = errJSONRPC
			}
			return failed == nil
		})
		return failed
	}
	if e := doc.Get("errors"); !o.owns("errors") && isErrors(e, shape, doc.Get("data").Exists()) {
		return errGraphQL
	}
	if e := doc.Get("error"); !o.owns("error") && isError(e, shape, doc) {
		return errJSONRPC
	}
	return nil
}

var (
	errGraphQL = errors.New(`the answer has errors (its outermost "errors")`)
	errJSONRPC = errors.New(`the answer has an error (its outermost "error")`)
)

// isErrors: in GraphQL (section 7.1 of its specification) errors is an array of objects with a message, beside data
// unless nothing was done. Partial answers have both; what is missing in them cannot be told.
func isErrors(e gjson.Result, shape Shape, data bool) bool {
	switch {
	case !Something(e):
		return false
	case shape == Receipt:
		return true
	case e.Type != gjson.JSON:
		return false
	case shape == Envelope:
		return true
	default:
		return data && e.Get("0.message").Exists()
	}
}

// isError: in JSON-RPC 2.0 error is an object beside the version; in 1.0 it is anything that is not null, beside a
// result that is null.
func isError(e gjson.Result, shape Shape, doc gjson.Result) bool {
	result := doc.Get("result")
	switch {
	case !Something(e):
		return false
	case shape == Receipt, doc.Get("jsonrpc").Exists(), result.Exists() && result.Type == gjson.Null:
		return true
	default:
		return shape == Envelope && e.Type == gjson.JSON
	}
}
