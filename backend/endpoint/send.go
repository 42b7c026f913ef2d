package endpoint

import (
	"context"
	"net/http"
)

// Message is a request that is made already.
type Message struct {
	Method string
	// Target is the path and query, escaped. It is appended to the endpoint's URL.
	Target string
	// Header is added to the endpoint's headers. ContentType is that of Body; without a Body there is none.
	Header      http.Header
	ContentType string
	Body        []byte
}

// Send sends a message once: who sends it decides whether to send it again. take reads an answer of any status but 408,
// 429 and 5xx, which are failures, and must keep nothing of its body; its error makes the answer a failure.
func (e *Endpoint) Send(ctx context.Context, operation string, m Message, take func(*Reply) error) error {
	if ctx.Err() != nil {
		return e.ended(ctx, operation)
	}
	r := &Prepared{method: m.Method, headers: m.Header, Shape: Envelope}
	a := Filled{target: m.Target, payload: &payload{bytes: m.Body}}
	if m.Body != nil {
		r.body, r.contentTypes = &text{}, []string{m.ContentType}
	}
	all, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	got, err := e.guard(ctx, operation, func() (*Reply, error) { return e.try(ctx, all, operation, r, a) })
	if err != nil {
		return err
	}
	if err := take(got); err != nil {
		return &Failure{Operation: operation, Host: e.Host, What: err.Error()}
	}
	return nil
}
