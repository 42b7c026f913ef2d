package endpoint

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/sony/gobreaker/v2"
)

// Stream sends a body while it is being made, and reads the answer, which may come before the body's end. Nothing is
// sent twice, and each stream has a connection of its own. The breaker counts every failure, also an answer that take
// refuses. If ctx ends with context.DeadlineExceeded as its cause, the backend was too slow; with any other, it is
// nobody's failure.
//
// take must keep nothing of the reply's body. Stream closes body, which must end a Read that waits: net/http waits for
// it, and may call it for a while after Stream has returned.
func (e *Endpoint) Stream(ctx context.Context, operation string, query url.Values, contentType string,
	body io.ReadCloser, take func(*Reply) error) error {
	defer body.Close()
	stop := context.AfterFunc(ctx, func() { _ = body.Close() })
	defer stop()
	if ctx.Err() != nil {
		return e.ended(ctx, operation)
	}
	_, err := e.guard(ctx, operation, func() (*Reply, error) {
		got, err := e.streamed(ctx, operation, query, contentType, body)
		if err != nil {
			return nil, err
		}
		defer got.wipe()
		if err := take(got); err != nil {
			return nil, &Failure{Operation: operation, Host: e.Host, What: err.Error(), away: true}
		}
		return got, nil
	})
	return err
}

func (e *Endpoint) streamed(
	ctx context.Context, operation string, query url.Values, contentType string, body io.ReadCloser,
) (*Reply, error) {
	fail := func(what string) error {
		return &Failure{Operation: operation, Host: e.Host, What: what, away: true}
	}
	broken := func(err error) error {
		switch {
		case ctx.Err() != nil:
			return e.ended(ctx, operation)
		case isTimeout(err):
			return fail("no answer in time")
		}
		return fail(explain(err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.base+"?"+query.Encode(), body)
	if err != nil {
		return nil, fail("the request cannot be made: its URL is invalid")
	}
	req.Header = maps.Clone(e.headers)
	req.Header.Set("Content-Type", contentType)
	res, err := e.fresh.Do(req)
	if err != nil {
		return nil, broken(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fail(fmt.Sprintf("status %d", res.StatusCode))
	}
	got, err := e.read(res, Envelope)
	if err == nil && ctx.Err() != nil { // an answer that ended because we ended it is incomplete
		clear(got)
		err = ctx.Err()
	}
	switch {
	case err == errTooLarge:
		return nil, fail(fmt.Sprintf("the answer has more than %d bytes", e.MaxResponse))
	case err == errUnpack, err == errCharset:
		return nil, fail(err.Error())
	case err != nil:
		return nil, broken(err)
	}
	return &Reply{Status: res.StatusCode, Body: got}, nil
}

// Open says that the breaker is open: nothing is sent for a while.
func (e *Endpoint) Open() bool { return e.breaker != nil && e.breaker.State() == gobreaker.StateOpen }
