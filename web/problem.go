package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"countersign/lines"
	"countersign/session/event"
)

// problem is an error as the client sees it (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is a sentence for people.
	Detail string `json:"detail"`
	// Reason says why a token is refused.
	Reason event.Refusal `json:"reason,omitempty"`
	// Problems are those of a line's file.
	Problems lines.Problems `json:"problems,omitempty"`
	// Reasons say why this machine is not ready.
	Reasons []string `json:"reasons,omitempty"`

	cause error // for the log
}

const internalError = "Internal error. The log has the details."

func (p *problem) Error() string { return p.Detail }
func (p *problem) Unwrap() error { return p.cause }

func unavailable(detail string, cause error) error {
	return &problem{Status: http.StatusServiceUnavailable, Detail: detail, cause: cause}
}

// handle makes a handler of a function that answers or returns an error.
func handle(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := f(w, r)
		if err == nil {
			return
		}
		var p *problem
		if !errors.As(err, &p) {
			p = &problem{Status: http.StatusInternalServerError, Detail: internalError, cause: err}
		}
		n := noteOf(r)
		n.err, n.reason = p.cause, p.Reason
		writeProblem(w, *p)
	})
}

func writeProblem(w http.ResponseWriter, p problem) {
	p.Title = http.StatusText(p.Status)
	w.Header().Set("Content-Type", "application/problem+json")
	write(w, p.Status, p)
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	write(w, status, v)
	return nil
}

// write ignores errors of writing: they mean that the client is gone.
func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil { // cannot happen with our types
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

func wrongMethod(allowed []string) http.Handler {
	allow := slices.Sorted(slices.Values(allowed))
	return handle(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		return &problem{
			Status: http.StatusMethodNotAllowed, Detail: "This address accepts only " + strings.Join(allow, ", ") + ".",
		}
	})
}
