package web

import (
	"context"
	"net/http"
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
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if reasons := a.Ready(ctx); len(reasons) > 0 {
			return &problem{
				Status: http.StatusServiceUnavailable, Detail: "Send this machine no calls now.", Reasons: reasons,
			}
		}
	}
	return answer(w, http.StatusOK, health{Status: "ready"})
}
