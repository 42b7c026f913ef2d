package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"countersign/backend/endpoint"
)

// exchanges are the requests to the backend and its answers.
type exchanges struct {
	raw     bool
	mu      sync.Mutex
	made    []exchange
	leftOut []string // of the answers
}

type exchange struct {
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Status int             `json:"status"`
	Millis int64           `json:"ms"`
	Answer json.RawMessage `json:"answer,omitempty"`
	text   string          // an answer that is not JSON
}

func (x *exchanges) add(e endpoint.Exchange) {
	one := exchange{Method: e.Method, URL: e.URL, Status: e.Status, Millis: e.Took.Milliseconds()}
	switch {
	case !x.raw || e.Answer == nil:
	case json.Valid(e.Answer):
		one.Answer = bytes.Clone(e.Answer)
	default:
		one.text = string(e.Answer)
		one.Answer, _ = json.Marshal(one.text)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.made = append(x.made, one)
}

func (x *exchanges) leaveOut(what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.leftOut = append(x.leftOut, what)
}

// print writes them as text.
func (x *exchanges) print(c *cli.Context) {
	for _, e := range x.made {
		came := "no answer"
		if e.Status > 0 {
			came = fmt.Sprint("status ", e.Status)
		}
		fmt.Fprintf(c.App.Writer, "%s %s\n  %s after %d ms\n", e.Method, printable(e.URL), came, e.Millis)
		switch pretty := (&bytes.Buffer{}); {
		case e.text != "":
			fmt.Fprintf(c.App.Writer, "  %s\n", printable(e.text))
		case e.Answer != nil && json.Indent(pretty, e.Answer, "", "  ") == nil:
			for line := range strings.Lines(pretty.String()) {
				fmt.Fprintln(c.App.Writer, "  "+printable(strings.TrimRight(line, "\n")))
			}
		}
	}
	for _, what := range x.leftOut {
		fmt.Fprintln(c.App.Writer, "left out: "+printable(what))
	}
	if len(x.made) == 0 {
		fmt.Fprintln(c.App.Writer, "the backend was not asked: that operation is not configured, so the local customers "+
			"were used")
	}
}

// answered prints a result: as JSON with the exchanges, or with print after them. err says why there is no result.
func (x *exchanges) answered(c *cli.Context, result map[string]any, err error, print func()) error {
	if c.Bool("json") {
		result["asked"] = append([]exchange{}, x.made...)
		if len(x.leftOut) > 0 {
			result["left_out"] = x.leftOut
		}
		if err != nil {
			result = map[string]any{"asked": result["asked"], "error": err.Error()}
		}
		return errors.Join(json.NewEncoder(c.App.Writer).Encode(result), err)
	}
	x.print(c)
	if err == nil {
		print()
	}
	return err
}
