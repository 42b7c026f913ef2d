package web

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
)

// alerting is a site that asks customers to talk.
type alerting struct {
	*callingBack
	alerts *callback.Alerts
}

func sendsAlerts(t *testing.T) *alerting {
	t.Helper()
	a := &alerting{}
	a.callingBack = callsBack(t, func(o *Options) {
		a.alerts = callback.NewAlerts(callback.AlertOptions{
			Store: shared.NewMemory(), Callbacks: o.Callbacks.Book,
			Windows: func() callback.Windows { return callback.Windows{Zone: time.UTC, Length: time.Hour, Hours: open{}} },
			Find: func(ctx context.Context, id string) (string, bool, error) {
				c, found, err := o.Customer(ctx, id)
				return c.Language, found, err
			},
			Deliver: func(context.Context, callback.Alert) error { return nil },
			Publish: func(context.Context, event.Event) error { return nil },
			Now:     o.Now, Log: slog.New(slog.DiscardHandler),
		})
		a.alerts.Begin()
		a.alerts.CaughtUp()
		o.Alerts = &Alerts{
			Book: a.alerts, Lines: func() []string { return []string{"retail", "cards"} },
			Alias: func(string) string { return "alias" },
			Audit: func(_ context.Context, e audit.Entry) error {
				a.audited = append(a.audited, e.Actor+": "+e.Action+" "+e.Detail)
				return nil
			},
		}
	})
	return a
}

// sent waits until an alert is sent.
func (a *alerting) sent(id string) {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); a.alerts.Run(ctx) }()
	defer func() { cancel(); <-done }()
	require.Eventually(a.t, func() bool {
		one, err := a.alerts.Get(id)
		return err == nil && one.State == callback.AlertSent
	}, 10*time.Second, time.Millisecond)
}

func TestAProgramAsksCustomersToTalk(t *testing.T) {
	t.Parallel()
	a := sendsAlerts(t)
	for name, wrong := range map[string]string{
		"nobody":        `{"customers": [], "line": "retail", "subject": "your card"}`,
		"no line":       `{"customers": ["C"], "line": "other", "subject": "your card"}`,
		"no subject":    `{"customers": ["C"], "line": "retail", "subject": ""}`,
		"one too many":  `{"customers": ["C` + manyCustomers(callback.MostOfOrder) + `"], "line": "retail", "subject": "s"}`,
		"another field": `{"customers": ["C"], "line": "retail", "subject": "s", "word": "Ananas7"}`,
	} {
		assert.Equal(t, 400, a.post("/v1/alerts", wrong).status, name)
	}
	got := a.post("/v1/alerts", `{"customers": ["`+customer+`", "NOBODY", "down", "`+customer+`"], "line": "retail", "subject": "your card"}`)
	require.Equal(t, 200, got.status, got.text)
	all := got.body["alerts"].([]any)
	require.Len(t, all, 3)
	id := all[0].(map[string]any)["alert"].(string)
	assert.NotContains(t, all[0], "refused")
	assert.Equal(t, map[string]any{"customer": "NOBODY", "refused": "unknown"}, all[1])
	assert.Equal(t, map[string]any{"customer": "down", "refused": "unavailable"}, all[2])
	again := a.post("/v1/alerts", `{"customers": ["`+customer+`"], "line": "retail", "subject": "your card"}`)
	assert.Equal(t, "open", again.body["alerts"].([]any)[0].(map[string]any)["refused"])

	at := "/v1/alerts/" + id
	assert.Equal(t, "waiting", a.get(at).body["state"])
	assert.Equal(t, 404, a.get("/v1/alerts/other").status)
	assert.Len(t, a.get("/v1/alerts").body["alerts"], 1)
	assert.Len(t, a.get("/v1/alerts?customer=" + customer).body["alerts"], 1)
	assert.Empty(t, a.get("/v1/alerts?customer=C-2").body["alerts"])
	answer := func(more string) reply {
		return a.post(at+"/answer", `{"customer": "`+customer+`", "answer": "callback", "word": "Ananas7", `+more+`}`)
	}
	assert.Equal(t, 409, answer(`"soon": true`).status, "they do not know of it yet")
	a.sent(id)
	assert.Equal(t, 400, answer(`"soon": false`).status)
	assert.Equal(t, 400, a.post(at+"/answer", `{"customer": "`+customer+`", "answer": "perhaps"}`).status)
	assert.Equal(t, 404, a.post(at+"/answer", `{"customer": "C-2", "answer": "declined"}`).status)
	assert.Equal(t, 409, answer(`"from": "2020-01-01T10:00:00Z"`).status, "no window")
	done := answer(`"soon": true`)
	require.Equal(t, 200, done.status, done.text)
	assert.Equal(t, "answered", done.body["state"])
	assert.NotContains(t, done.text+a.log.String(), "Ananas7")
	booked := a.get("/v1/callbacks/" + done.body["callback"].(string))
	assert.Equal(t, "your card", booked.body["subject"])
	assert.Equal(t, 409, a.post(at+"/answer", `{"customer": "`+customer+`", "answer": "by_mail"}`).status)

	assert.Equal(t, 400, a.put("/v1/alerts-opt-out", `{"customer": "`+customer+`"}`).status)
	assert.Equal(t, 400, a.put("/v1/alerts-opt-out", `{"customer": "NOBODY", "opted_out": true}`).status)
	assert.Equal(t, 503, a.put("/v1/alerts-opt-out", `{"customer": "down", "opted_out": true}`).status)
	require.Equal(t, 200, a.put("/v1/alerts-opt-out", `{"customer": "`+customer+`", "opted_out": true}`).status)
	assert.NotEmpty(t, a.get("/v1/alerts?customer=" + customer).body["opted_out_since"])
	refused := a.post("/v1/alerts", `{"customers": ["`+customer+`"], "line": "cards", "subject": "your card"}`)
	assert.Equal(t, "opted_out", refused.body["alerts"].([]any)[0].(map[string]any)["refused"])
	require.Equal(t, 200, a.put("/v1/alerts-opt-out", `{"customer": "`+customer+`", "opted_out": false}`).status)
	assert.NotContains(t, a.get("/v1/alerts?customer="+customer).body, "opted_out_since")
	assert.Equal(t, []string{
		"key shop: alerts_ordered line retail: 1 of 3 customers", "key shop: alerts_ordered line retail: 0 of 1 customers",
		"key shop: alert_answered callback", "key shop: alerts_unwanted ", "key shop: alerts_ordered line cards: 0 of 1 customers",
		"key shop: alerts_wanted ",
	}, a.audited)
}

// manyCustomers are n more ids of a list.
func manyCustomers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `","C%d`, i)
	}
	return b.String()
}

func TestNoAlertsAreSentWithoutTheSetting(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	assert.Equal(t, 503, s.get("/v1/alerts").status)
}
