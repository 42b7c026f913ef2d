package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"countersign/session/event"
	"countersign/web/access"
)

type noteKey struct{}

// note is what a handler adds to the log line of its request.
type note struct {
	key     string // its name
	person  string // the id of who is signed in
	refused string // why, if it was
	often   bool   // the route is asked all the time
	reason  event.Refusal
	err     error
}

// noteOf is the note of a request.
func noteOf(r *http.Request) *note {
	if n, ok := r.Context().Value(noteKey{}).(*note); ok {
		return n
	}
	return &note{}
}

// bounded bounds the time of a request.
func bounded(within time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// logged wraps all handlers. It sets the headers of every answer, and logs a line for it, with the route's pattern and
// not the address, because people put secrets into addresses.
func (a *api) logged(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := a.Now()
		n := &note{}
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, n))
		out := &response{ResponseWriter: w}
		secure(w.Header())
		defer func() {
			if p := recover(); p != nil {
				n.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				if out.status == 0 {
					writeProblem(out, problem{Status: http.StatusInternalServerError, Detail: internalError})
				}
			}
			a.line(r, n, out, a.Now().Sub(started).Milliseconds())
		}()
		mux.ServeHTTP(out, r)
	})
}

func (a *api) line(r *http.Request, n *note, out *response, ms int64) {
	level := slog.LevelInfo
	switch {
	case out.status >= 500 && n.err != nil && !hungUp(r, n.err):
		level = slog.LevelError
	case n.often, r.Pattern == "GET /healthz", r.Pattern == "GET /readyz":
		level = slog.LevelDebug
	}
	line := []slog.Attr{
		slog.String("method", method(r)), slog.String("route", r.Pattern), slog.Int("status", out.status),
		slog.Int64("ms", ms),
		slog.String("from", access.Remote(r).Addr().String()),
	}
	if n.key != "" {
		line = append(line, slog.String("key", n.key))
	}
	if n.person != "" {
		line = append(line, slog.String("person", n.person))
	}
	if n.refused != "" {
		line = append(line, slog.String("refused", n.refused))
	}
	if n.reason != "" {
		line = append(line, slog.String("reason", string(n.reason)))
	}
	if n.err != nil {
		line = append(line, slog.Any("err", n.err))
	}
	a.Log.LogAttrs(r.Context(), level, "request", line...)
}

// hungUp says that a request failed because whoever asked did not wait for the answer, such as a screen that is closed.
func hungUp(r *http.Request, err error) bool {
	return errors.Is(err, context.Canceled) && errors.Is(r.Context().Err(), context.Canceled)
}

// method is the request's method for the log; "other" if it is made up.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return r.Method
	}
	return "other"
}

// secure sets the headers of every answer. No browser may render, store or share it with another site.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// response records its status.
type response struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *response) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush, and set deadlines.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }
