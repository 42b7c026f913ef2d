package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/waiting"
	public "countersign/web/customer"
)

func TestQueuesAreThoseOfTheDescription(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
	s := newSite(t, func(o *Options) {
		o.Wallboard = public.NewWallboard(public.Options{
			Settings: public.WallboardSettings{Queues: map[string]public.QueueSettings{
				"support": {Numbers: true, Alternatives: []public.Alternative{{Title: map[string]string{"en": "Chat"}, URL: "https://x"}}},
			}},
			Now: func() time.Time { return at },
			Queues: func(*time.Location) []waiting.View {
				return []waiting.View{{
					Queue: "support", Phase: waiting.Wait, At: at, Wait: waiting.Range{Low: time.Minute, High: 4 * time.Minute},
					Right: waiting.Right{Told: 10, Less: 8}, Best: at.Add(time.Hour), State: waiting.State{Waiting: 2, OnDuty: 3},
				}, {Queue: "cards", Phase: waiting.Unknown}}
			},
		})
	})
	got := s.get("/v1/queues", withoutKey) // which the harness compares with the description
	assert.Equal(t, http.StatusOK, got.status)
	assert.Len(t, got.body["queues"], 2)
	assert.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, http.StatusNotFound, newSite(t).get("/v1/queues", withoutKey).status)
}
