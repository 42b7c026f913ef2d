package endpoint

import (
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// send sends a request. Servers close a kept connection after some seconds, perhaps just when a request goes out on it;
// then they have not seen it, but we cannot know. A request that changes nothing, or that may be repeated, is sent once
// more on a connection of its own. One that must not be repeated has such a connection from the beginning.
func (e *Endpoint) send(req *http.Request, r *Prepared, a Filled) (*http.Response, error) {
	switch {
	case r.once:
		return e.fresh.Do(req)
	case r.method == http.MethodGet, r.method == http.MethodHead:
		return e.client.Do(req) // net/http itself sends it again
	}
	var kept, answered atomic.Bool
	began := time.Now()
	watched := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { kept.Store(c.Reused) },
		GotFirstResponseByte: func() { answered.Store(true) },
	}))
	res, err := e.client.Do(watched)
	if err == nil || !kept.Load() || answered.Load() || isTimeout(err) || req.Context().Err() != nil ||
		time.Since(began) >= e.RetryWithin {
		return res, err
	}
	if r.body != nil {
		req.Body = a.payload.reader()
	}
	return e.fresh.Do(req)
}
