package staff_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/web/people"
	"countersign/web/staff"
)

// withAlerts lets the company ask customers to talk.
func withAlerts(s *staff.Options) {
	windows := func() callback.Windows { return callback.Windows{Zone: time.UTC, Length: time.Hour, Hours: open{}} }
	store, publish := shared.NewMemory(), func(context.Context, event.Event) error { return nil }
	book := callback.New(callback.Options{
		Store: store, Windows: windows, Publish: publish, Now: s.Now, Log: s.Log, Capacity: func() int { return 4 },
		Ahead: 24 * time.Hour, Countries: func() []string { return nil },
		Phones: func(context.Context, string) ([]session.Phone, error) {
			return []session.Phone{{E164: "+493012345678"}}, nil
		},
		Secret: func(context.Context, string, session.Secret) (bool, error) { return false, nil },
	})
	s.Alerts = callback.NewAlerts(callback.AlertOptions{
		Store: store, Callbacks: book, Windows: windows, Publish: publish, Now: s.Now, Log: slog.New(slog.DiscardHandler),
		Find: func(_ context.Context, id string) (string, bool, error) {
			return "en", strings.HasPrefix(id, "C-"), nil
		},
		Deliver: func(context.Context, callback.Alert) error { return nil },
	})
	for _, b := range []interface {
		Begin()
		CaughtUp()
	}{book, s.Alerts} {
		b.Begin()
		b.CaughtUp()
	}
}

// sendsAlerts puts alerts in several states on the page.
func (o *office) sendsAlerts(t *testing.T) {
	t.Helper()
	alerts := o.pages.Alerts
	_, all, err := alerts.Send(t.Context(), callback.AlertOrder{
		Customers: []string{"C-1001", "C-1002"}, Line: "retail", Subject: "your card", By: event.ByStaff, Who: "supervisor",
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); alerts.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for _, sent := range all {
		require.Eventually(t, func() bool {
			one, err := alerts.Get(sent.Alert.ID)
			return err == nil && one.State == callback.AlertSent
		}, 20*time.Second, time.Millisecond)
	}
	require.NoError(t, alerts.Decline(t.Context(), all[0].Alert.ID, "C-1001", event.AlertByMail))
	require.NoError(t, alerts.OptOut(t.Context(), "C-1001", true))
}

func TestASupervisorAsksCustomersToTalk(t *testing.T) {
	t.Parallel()
	o := newOffice(t, withAlerts)
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"retail"} })
	o.hire("agent")
	o.hire("business")
	for _, id := range []string{"agent", "business"} {
		assert.Equal(t, http.StatusForbidden, o.as(id).get("/alerts").status, id)
		assert.Equal(t, http.StatusForbidden, o.as(id).post("/alerts", "line", "retail", "subject", "s", "customers", "C-1").status, id)
	}
	b := o.as("supervisor")
	got := b.get("/alerts")
	assert.Contains(t, got.text, `<a href="/alerts" aria-current="page">`)
	assert.Contains(t, got.text, "<option>retail</option>")
	assert.NotContains(t, got.text, "<option>orders</option>")
	assert.Equal(t, http.StatusBadRequest, b.post("/alerts", "line", "orders", "subject", "s", "customers", "C-1").status)
	for _, wrong := range [][]string{
		{"line", "retail", "subject", "", "customers", "C-1"}, {"line", "retail", "subject", "s", "customers", " \r\n"},
	} {
		got := b.post("/alerts", wrong...)
		assert.Equal(t, http.StatusUnprocessableEntity, got.status)
		assert.Contains(t, got.text, "Nothing was sent.")
	}
	require.NoError(t, o.pages.Alerts.OptOut(t.Context(), "C-2", true))
	got = b.post("/alerts", "line", "retail", "subject", "your <card>", "customers", "C-1\r\nC-2\r\nX-3\r\n")
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, got.text, "Accepted for 1 of 3 customers")
	assert.Contains(t, got.text, "wants no alerts")
	assert.Contains(t, got.text, "there is no such customer")
	assert.Contains(t, got.text, "your &lt;card&gt;")
	assert.Contains(t, got.text, `data-state="waiting"`)
	assert.Contains(t, b.get("/alerts?customer=C-2").text, "This customer wants no alerts, since")
	assert.NotContains(t, b.get("/alerts?customer=C-2").text, "your &lt;card&gt;")
	assert.Contains(t, b.post("/alerts", "line", "retail", "subject", "again", "customers", "C-1").text, "has not answered the last one")
	many := make([]string, callback.MostOfOrder)
	for i := range many {
		many[i] = fmt.Sprintf("C-%030d", i)
	}
	got = b.post("/alerts", "line", "retail", "subject", "many", "customers", strings.Join(many, "\r\n"))
	assert.Contains(t, got.text, "Accepted for 1000 of 1000 customers")
	o.mu.Lock()
	defer o.mu.Unlock()
	var audited []string
	for _, e := range o.audited {
		if e.Action == "alerts_ordered" {
			audited = append(audited, e.Actor+" "+e.Detail)
		}
	}
	assert.Equal(t, []string{
		"supervisor line retail: 1 of 3 customers", "supervisor line retail: 0 of 1 customers",
		"supervisor line retail: 1000 of 1000 customers",
	}, audited)
}

func TestAlertsAreNotHere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	assert.NotContains(t, b.get("/board").text, `href="/alerts"`)
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/alerts").status)
}

func TestAlertsInTheirStates(t *testing.T) {
	t.Parallel()
	o := newOffice(t, withAlerts)
	o.hire("supervisor")
	o.sendsAlerts(t)
	got := o.as("supervisor").get("/alerts").text
	for _, text := range []string{`data-state="sent"`, `data-state="by_mail"`, "wants it in writing", "wants no alerts"} {
		assert.Contains(t, got, text)
	}
}
