package endpoint

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// watch sees what became of a request.
type watch struct {
	trace          httptrace.ClientTrace
	kept, answered atomic.Bool // it went out on a kept connection; its answer began
}

// over returns a context that tells the watch of a request.
func (w *watch) over(ctx context.Context, r *Prepared) context.Context {
	if r.once || r.replayed() {
		return ctx
	}
	w.trace.GotConn = func(c httptrace.GotConnInfo) { w.kept.Store(c.Reused) }
	w.trace.GotFirstResponseByte = func() { w.answered.Store(true) }
	return httptrace.WithClientTrace(ctx, &w.trace)
}

// replayed reports whether net/http itself sends a request again after it met a closed connection.
func (r *Prepared) replayed() bool { return r.method == http.MethodGet || r.method == http.MethodHead }

// send sends a request. Servers close a kept connection after some seconds, perhaps just when a request goes out on it;
// then they have not seen it, but we cannot know. So it is sent once more, on a connection of its own. A request that
// must not be repeated has such a connection from the beginning.
func (e *Endpoint) send(req *http.Request, r *Prepared, a Filled, w *watch) (*http.Response, error) {
	switch {
	case r.once:
		return e.fresh.Do(req)
	case r.replayed():
		return e.client.Do(req)
	}
	began := time.Now()
	res, err := e.client.Do(req)
	if err == nil || !w.kept.Load() || w.answered.Load() || isTimeout(err) || req.Context().Err() != nil ||
		time.Since(began) >= e.RetryWithin {
		return res, err
	}
	if r.body != nil {
		req.Body = a.payload.reader()
	}
	return e.fresh.Do(req)
}
