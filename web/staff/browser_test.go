package staff_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/browsertest"
	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/people"
)

// patience is for a browser on a busy machine, tick how often it is asked.
const (
	patience = browsertest.Patience
	tick     = 20 * time.Millisecond
)

// tab is a tab of a real browser.
type tab struct {
	t   *testing.T
	o   *office
	ctx context.Context
}

// open starts a browser, with preferences of its user.
func (o *office) open(t *testing.T, preferences ...string) *tab {
	t.Helper()
	if racing {
		t.Skip("the tests in a browser run without the race detector")
	}
	return &tab{t: t, o: o, ctx: browsertest.Start(t, preferences...)}
}

// another is a new tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	return &tab{t: b.t, o: b.o, ctx: ctx}
}

func (b *tab) goTo(path string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate(b.o.url+path)))
}

func (b *tab) signIn(id string) {
	b.t.Helper()
	b.goTo("/sign-in")
	require.NoError(b.t, chromedp.Do(b.ctx,
		chromedp.SendKeys(chromedp.ID("id"), id), chromedp.SendKeys(chromedp.ID("password"), password+"\r"),
	))
	b.await(`!location.pathname.startsWith("/sign-in")`)
}

// eval evaluates an expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b.t, err, expression)
	return got
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	browsertest.Await(b.t, b.ctx, expression)
}

func (b *tab) click(selector string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))))
}

func text(selector string) string { return browsertest.Text(selector) }

func agentWith(telephones ...string) func(*people.Person) {
	return func(p *people.Person) { p.Roles, p.Agents = []access.Role{access.Agent}, telephones }
}

func TestACallPopsOnTheScreenOfWhoseTelephoneItRings(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	o.hire("ben-agent", agentWith("1002"))
	ada, ben := o.open(t), o.open(t)
	ada.signIn("ada-agent")
	ben.signIn("ben-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001@example.com"))...)
	ada.await(`document.querySelector('[data-state="ringing"]')`)
	assert.Contains(t, eval[string](ada, text("article")), "identified and verified")
	assert.NotContains(t, eval[string](ada, `document.documentElement.outerHTML`), "Ada Lovelace", "no name before the answer")
	assert.NotContains(t, eval[string](ada, `document.documentElement.outerHTML`), "C-1001", "no id before the answer")
	ada.await(`document.querySelectorAll(".toast").length == 1`)
	assert.Equal(t, "(1) My calls · Countersign", eval[string](ada, `document.title`))

	o.happened("call-1", "retail", connected("1001@example.com"))
	ada.await(`document.querySelector('[data-state="talking"]')`)
	shown := eval[string](ada, text("article"))
	for _, want := range []string{
		"Ada Lovelace", "C-1001", "caller number attested by the network", "PIN at try 2", "You need not ask anything",
		"Open the customer", "Verify further", "…0001",
	} {
		assert.Contains(t, shown, want)
	}
	assert.NotContains(t, eval[string](ada, `document.title + location.href`), "Ada", "no name in the title or address")

	ada.click(`[id^="step-up-3"]`)
	require.Eventually(t, func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.asked) == 1 }, patience, 10*time.Millisecond)
	assert.Equal(t, "call-1 3", o.asked[0])
	ada.await(`document.querySelector('[data-state="talking"]')`)
	o.happened("call-2", "retail", event.CallStarted{Channel: "c1", Continues: "call-1"}, event.StepUpRequested{Level: 3})
	ada.await(text("article") + `.includes("being asked for more proof")`)
	o.happened("call-2", "retail",
		event.Verified{
			Customer: "C-1001", Methods: []event.Method{event.MethodSMSCode}, Status: event.StatusVerified, Level: 3, Continues: "call-1",
		},
		event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 3, Reason: event.ReasonOK, Customer: "C-1001",
			Methods: []event.Method{event.MethodANI, event.MethodPIN, event.MethodSMSCode},
		})
	ada.await(text("article") + `.includes("more proof given")`)
	assert.Contains(t, eval[string](ada, text("article")), "3 · strong")

	o.happened("call-1", "retail", event.AgentDone{
		Agent: "1001@example.com", Queue: "support", Via: event.ViaCallcenter, End: event.AgentEndCaller, TalkedMilliseconds: 61_000,
	})
	ada.await(`!document.querySelector("article") && document.querySelector('[data-state="done"]')`)
	assert.Equal(t, 0, eval[int](ben, `document.querySelectorAll("[data-call]").length`), "it was never on Ben's screen")
	assert.Equal(t, 0, eval[int](ben, `document.querySelectorAll(".toast").length`))
	assert.Empty(t, eval[string](ben, `document.querySelector("main").classList.contains("stale") ? "stale" : ""`))
}

func TestAMissedCallStaysUntilSeen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), event.AgentMissed{
		Agent: "1001", Via: event.ViaCallcenter, Reason: event.MissedNoAnswer, RangMilliseconds: 20_000,
	})...)
	b.await(text("main") + `.includes("Missed: 1")`)
	o.later(time.Second)
	b.click("#seen")
	// The page that follows, and not the one before on its way out.
	b.await(text("main") + `.includes("No call now") && !` + text("main") + `.includes("Missed")`)
}

// HTTP/1.1 allows six connections to a host.
func TestEightTabsShowEveryCall(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	first := o.open(t)
	first.signIn("ada-agent")
	tabs := []*tab{first}
	for range 7 {
		b := first.another()
		b.goTo("/desk")
		tabs = append(tabs, b)
	}
	for i := range 3 {
		call := fmt.Sprintf("call-%d", i)
		o.happened(call, "retail", append(verifiedCall(), offered("1001"))...)
		for _, b := range tabs {
			b.await(fmt.Sprintf(`document.querySelectorAll('[data-call=%q]').length == 1`, call))
		}
	}
}

func TestNothingIsMissedWhenTheStreamIsCut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	b.await(`document.querySelector("[data-live-state]")?.dataset.state == "current"`)
	for _, call := range []string{"call-1", "call-2", "call-3"} {
		o.server.CloseClientConnections()
		o.happened(call, "retail", append(verifiedCall(), offered("1001"))...)
		b.await(fmt.Sprintf(`document.querySelectorAll('[data-call=%q]').length == 1`, call))
	}
	b.await(`document.querySelectorAll(".toast").length == 3`)
	b.await(`document.querySelector("[data-live-state]")?.dataset.state == "current"`)
}

func TestTheBoardFollows(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"retail"} })
	b := o.open(t)
	b.signIn("supervisor")
	b.await(text("main") + `.includes("No calls now")`)
	o.happened("call-1", "retail", verifiedCall()[:5]...)
	o.happened("call-9", "orders", verifiedCall()[:5]...)
	b.await(`document.querySelectorAll('tr[data-call]').length == 1`)
	assert.Contains(t, eval[string](b, text("tr[data-call]")), "PIN")
	assert.NotContains(t, eval[string](b, text("main")), "orders", "not one of their lines")
	o.live.Saw(event.Event{
		ID: "config.1", Call: "config", Seq: 1, Line: "retail", LineVersion: 12, Time: o.clock().Add(-12 * time.Minute),
		Data: event.ConfigChanged{},
	})
	o.live.Saw(event.Event{
		ID: "alarm.1", Call: "alarm", Seq: 1, Line: "retail", Time: o.clock(),
		Data: event.Alarm{Kind: event.AlarmFailureRate, Calls: 30, Failures: 20, Seconds: 300},
	})
	b.await(text(".error") + `.includes("Version 12 of the line was published shortly before")`)
}

func TestScriptsOfOthersDoNotRun(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	o.hire("supervisor")
	evil := `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	facts := append(verifiedCall(), offered("1001"), connected("1001"))
	for i, d := range facts {
		switch d := d.(type) {
		case event.Identified:
			d.Name, d.Customer = evil, evil
			facts[i] = d
		case event.Verified:
			d.Name, d.Customer, d.PopURL = evil, evil, "javascript:document.title='owned'"
			facts[i] = d
		case event.CallEnded:
			d.Customer = evil
			facts[i] = d
		case event.AgentConnected:
			d.Queue = evil
			facts[i] = d
		}
	}
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", facts...)
	b.await(`document.querySelector('[data-state="talking"]')`)
	assert.Contains(t, eval[string](b, text("article")), evil, "as text")
	assert.Equal(t, 0, eval[int](b, `document.querySelectorAll("article img, article script").length`))
	assert.NotContains(t, eval[string](b, `document.querySelector("article a")?.href ?? ""`), "javascript:")
	assert.NotEqual(t, "owned", eval[string](b, `document.title`))
	got := o.as("supervisor").get("/calls/call-1")
	assert.Equal(t, http.StatusOK, got.status)
	assert.NotContains(t, got.text, "<img src=x")
	assert.False(t, strings.Contains(got.text, "<script>document"))
}
