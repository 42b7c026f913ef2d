package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
)

// A screen that is closed while it loads is nobody's error; one that could not be answered in time is.
func TestWhoeverDoesNotWaitForTheAnswerIsNoErrorOfOurs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	s := newSite(t, func(o *Options) {
		slow := handle(func(_ http.ResponseWriter, r *http.Request) error {
			asked <- struct{}{}
			<-r.Context().Done()
			return unavailable("It cannot be read now.", r.Context().Err())
		})
		o.Routes = append(o.Routes,
			access.Route{Method: "GET", Path: "/left", Rule: access.Public(), Handler: slow, Within: time.Minute},
			access.Route{Method: "GET", Path: "/late", Rule: access.Public(), Handler: slow, Within: time.Millisecond})
	})
	lineOf := func(route string) (line string) {
		require.Eventually(t, func() bool {
			for line = range strings.Lines(s.log.String()) {
				if strings.Contains(line, route) {
					return true
				}
			}
			return false
		}, 10*time.Second, time.Millisecond)
		return line
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-asked; leave() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/left", nil)
	require.NoError(t, err)
	_, err = http.DefaultClient.Do(req)
	require.ErrorIs(t, err, context.Canceled)
	assert.Contains(t, lineOf("GET /left"), "level=INFO")

	assert.Equal(t, http.StatusServiceUnavailable, s.get("/late").status)
	assert.Contains(t, lineOf("GET /late"), "level=ERROR")
}
