package web

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// readyTimeout bounds a readiness check.
const readyTimeout = 2 * time.Second

type health struct {
	Status string `json:"status"`
}

func (a *api) healthz(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, health{Status: "alive"})
}

func (a *api) readyz(w http.ResponseWriter, r *http.Request) error {
	if a.Ready != nil {
		if reasons := a.readiness.reasons(r.Context(), a.Ready); len(reasons) > 0 {
			return &problem{
				Status: http.StatusServiceUnavailable, Detail: "Send this machine no calls now.", Reasons: reasons,
			}
		}
	}
	return answer(w, http.StatusOK, health{Status: "ready"})
}

// readyFor is how long the result of a readiness check is given to everybody who asks: it writes to the disk and to
// NATS, and anybody may ask.
const readyFor = time.Second

// readiness makes one readiness check at a time.
type readiness struct {
	mu    sync.Mutex
	until time.Time // the result is given
	last  []string
}

func (r *readiness) reasons(ctx context.Context, check func(context.Context) []string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return r.last
	}
	// Others wait for the result, so it does not matter that this one goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	r.last = check(ctx)
	r.until = time.Now().Add(readyFor)
	return r.last
}
