package customer

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/internal/browsertest"
	"countersign/session"
	"countersign/session/event"
	"countersign/store/audit"
)

// alerting is a company that says to customers that it wants to talk to them.
type alerting struct {
	*house
	alerts    *callback.Alerts
	callbacks *callback.Book

	mu     sync.Mutex
	events []event.Event
}

func newAlerting(t *testing.T) *alerting {
	t.Helper()
	a := &alerting{house: newHouse(t)}
	windows := func() callback.Windows { return callback.Windows{Zone: time.UTC, Length: time.Hour, Hours: always{}} }
	publish := func(_ context.Context, e event.Event) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.events = append(a.events, e)
		return nil
	}
	log := slog.New(slog.NewTextHandler(locked{a.house}, nil))
	a.callbacks = callback.New(callback.Options{
		Store: a.store, Windows: windows, Capacity: func() int { return 2 }, Countries: func() []string { return nil },
		Ahead: 48 * time.Hour, Phones: directory{}.Phones, Publish: publish, Now: a.now, Log: log,
		Secret: func(context.Context, string, session.Secret) (bool, error) { return false, nil },
	})
	messages := &Messages{
		Links: a.links, Brand: "Bank", Tell: a.tell, Countries: func() []string { return nil }, Phones: directory{}.Phones,
		Sends: sends{}, Now: a.now,
	}
	a.alerts = callback.NewAlerts(callback.AlertOptions{
		Store: a.store, Callbacks: a.callbacks, Windows: windows, Publish: publish, Now: a.now, Log: log,
		Find: func(context.Context, string) (string, bool, error) { return "en", true, nil },
		Deliver: func(ctx context.Context, one callback.Alert) error {
			return messages.Send(ctx, PageLink{Customer: one.Customer, Purpose: ForAlert}, one.Language)
		},
	})
	a.callbacks.Begin()
	a.callbacks.CaughtUp()
	a.alerts.Begin()
	a.alerts.CaughtUp()
	a.page.Callbacks, a.page.Alerts, a.page.CallbackLine = a.callbacks, a.alerts, func() string { return "retail" }
	a.page.Region = func() string { return "DE" }
	return a
}

// alert sends an alert, and returns it with the link in its message.
func (a *alerting) alert(customer string) (one callback.Alert, link string) {
	a.t.Helper()
	_, all, err := a.alerts.Send(a.t.Context(), callback.AlertOrder{
		Customers: []string{customer}, Line: "retail", Subject: "your new card", By: event.ByProgram,
	})
	require.NoError(a.t, err)
	require.NoError(a.t, all[0].Err)
	ctx, cancel := context.WithCancel(a.t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.alerts.Run(ctx) })
	defer func() { cancel(); running.Wait() }()
	require.Eventually(a.t, func() bool {
		one, err = a.alerts.Get(all[0].Alert.ID)
		return err == nil && one.State == callback.AlertSent
	}, browsertest.Patience, time.Millisecond)
	a.house.mu.Lock()
	defer a.house.mu.Unlock()
	last := a.messages[len(a.messages)-1]
	assert.Contains(a.t, last, "Bank: We would like to talk to you.")
	assert.NotContains(a.t, last, "card", "what about is on the page alone")
	return one, last[strings.Index(last, "http"):]
}

func TestACustomerAnswersAnAlertOnThePage(t *testing.T) {
	t.Parallel()
	a := newAlerting(t)
	one, link := a.alert("C-1")
	a.later(callback.AlertFor - time.Hour)
	p := a.phone()
	got := p.opens(link)
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, got.text, "your new card")
	for _, kept := range []string{"Ada", "You proved that it was you.", "Download what we have"} {
		assert.NotContains(t, got.text, kept, "such a link is good for days, and shows little")
	}
	for _, path := range []string{"/my/data", "/my/erasure"} {
		assert.Equal(t, http.StatusForbidden, p.get(path).status, path)
	}
	assert.Equal(t, http.StatusForbidden, p.post("/my/erasure", "sure", "yes").status)
	assert.Equal(t, http.StatusForbidden, p.post("/my/passkeys/x/remove").status)

	at := "/my/alerts/" + one.ID
	window := firstWindow.FindStringSubmatch(got.text)[1]
	assert.Equal(t, http.StatusUnprocessableEntity, p.post(at, "what", "callback", "from", window).status, "no word")
	assert.Equal(t, http.StatusUnprocessableEntity, p.post(at, "what", "callback", "from", "x", "word", "Anana7").status)
	assert.Equal(t, http.StatusUnprocessableEntity, p.post(at, "what", "else").status)
	assert.Contains(t, p.post(at, "what", "callback", "from", window, "word", "a b").text, "Please choose another word")
	other := a.phone()
	other.signsIn("C-2")
	assert.Equal(t, http.StatusConflict, other.post(at, "what", "declined").status, "another customer's")
	got = p.post(at, "what", "callback", "from", window, "word", "Anana7")
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Equal(t, "/my", got.path)
	assert.NotContains(t, got.text, at, "it is answered")
	require.Len(t, a.callbacks.Of("C-1"), 1)
	c := a.callbacks.Of("C-1")[0]
	assert.Equal(t, "your new card", c.Subject)
	assert.Contains(t, got.text, `data-callback="`+c.ID+`"`)
	assert.Contains(t, p.post(at, "what", "callback", "from", window, "word", "Anana7").text, "You have answered this already")
	assert.Len(t, a.callbacks.Of("C-1"), 1)

	a.house.mu.Lock()
	defer a.house.mu.Unlock()
	assert.Contains(t, a.audited, "C-1 "+audit.AlertAnswered+" alert "+one.ID+": callback")
	everything := a.log.String() + strings.Join(a.audited, "\n")
	for _, e := range a.events {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		everything += string(text)
	}
	for _, secret := range []string{"Anana7", link[len(link)-secretLength:], "your new card"} {
		assert.NotContains(t, everything, secret)
	}
}

func TestACustomerWantsNoAlerts(t *testing.T) {
	t.Parallel()
	a := newAlerting(t)
	one, link := a.alert("C-1")
	p := a.phone()
	assert.Contains(t, p.opens(link).text, "Do not send me alerts")
	assert.Contains(t, p.post("/my/alerts/"+one.ID, "what", "by_mail").text, "We write to you, and do not call.")
	got := p.post("/my/alerts", "want", "no")
	assert.Contains(t, got.text, "You want none, since")
	assert.False(t, a.alerts.OptedOut("C-1").IsZero())
	_, all, err := a.alerts.Send(t.Context(), callback.AlertOrder{Customers: []string{"C-1"}, Line: "retail", Subject: "x"})
	require.NoError(t, err)
	require.ErrorIs(t, all[0].Err, callback.ErrOptedOut)
	assert.Contains(t, p.post("/my/alerts", "want", "yes").text, "Do not send me alerts")
	assert.Zero(t, a.alerts.OptedOut("C-1"))
	a.house.mu.Lock()
	defer a.house.mu.Unlock()
	assert.Equal(t, []string{
		"C-1 alert_answered alert " + one.ID + ": by_mail", "C-1 alerts_unwanted by link", "C-1 alerts_wanted by link",
	}, a.audited)
}

func TestThereAreNoAlertsWithoutThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	assert.NotContains(t, p.opens(h.link("C-1", ForPage, "")).text, "alerts")
	assert.Equal(t, http.StatusNotFound, p.post("/my/alerts", "want", "no").status)
	assert.Equal(t, http.StatusNotFound, p.post("/my/alerts/1", "what", "declined").status)
}

// failing are alerts that are unavailable.
type failing struct{ Alerts }

func (failing) Decline(context.Context, string, string, event.AlertAnswer) error {
	return errors.New("away")
}

func TestAnAnswerThatIsNotKeptIsNotThankedFor(t *testing.T) {
	t.Parallel()
	a := newAlerting(t)
	one, link := a.alert("C-1")
	a.page.Alerts = failing{a.alerts}
	p := a.phone()
	p.opens(link)
	assert.Equal(t, http.StatusServiceUnavailable, p.post("/my/alerts/"+one.ID, "what", "declined").status)
}

// From the message to the callback, on a telephone without scripts.
func TestAnAlertInTheBrowser(t *testing.T) {
	t.Parallel()
	a := newAlerting(t)
	_, link := a.alert("C-1")
	b := a.browser(t)
	b.goTo(link)
	b.click("button.main")
	b.says("We would like to talk to you")
	b.says("your new card")
	b.accessible("an alert")
	_, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	b.goTo("/my")
	require.NoError(t, chromedp.Do(b.Context,
		chromedp.SendKeys(chromedp.CSS("[data-alert] [name=word]"), "Anana7"),
		chromedp.Click(chromedp.CSS("[data-alert] button.main")),
	))
	browsertest.Await(t, b.Context, `document.querySelector("[data-callback]") !== null`)
	c := a.callbacks.Of("C-1")[0]
	assert.Equal(t, "Anana7", c.Word.Reveal())
	assert.WithinDuration(t, a.now(), c.From, time.Hour, "the first choice is soon")
	require.NoError(t, chromedp.Do(b.Context, chromedp.Click(chromedp.CSS(`[action="/my/alerts"] button`))))
	b.says("You want none, since")
	_, err = chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	require.NoError(t, err)
	b.goTo("/my")
	b.accessible("a callback, and no alerts")
}
