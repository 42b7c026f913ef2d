package staff_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

// screens are the pages of each role, of a furnished office.
var screens = map[access.Role][]string{
	access.Agent: {"/desk", "/desk/calls/call-2/callback", "/me"},
	access.Supervisor: {
		"/board", "/callbacks", "/calls", "/calls/call-2", "/calls/call-2/what-if", "/what-if?line=retail&period=today", "/reports",
		"/reports/summary?by=line&by=day", "/reports/failed", "/reports/benefits?agent_cost=0.6&agent_seconds=60", "/schedules",
		"/alerts?customer=C-1001",
	},
	access.Business: {
		"/board", "/reports/summary", "/reports/benefits", "/lines", "/lines/retail", "/lines/retail/text",
		"/lines/retail/publish", "/lines/retail/history?a=1&b=2",
		"/lines/orders", "/lines/orders/start", "/lines/retail/prompts",
		"/lines/retail/try", "/settings", "/schedules",
	},
	access.Admin: {"/people", "/people/agent", "/keys", "/keys/shop", "/schedules", "/webhooks", "/settings"},
}

// furnished is an office with something on every page, and a person for each role.
func furnished(t *testing.T) *office {
	t.Helper()
	d := &desk{}
	o, _ := archived(t, withWhatIf, withLines, withCallbacks(t, d), withAlerts, func(s *staff.Options) {
		s.Schedules, s.Webhooks, s.Settings, s.Overrides = &scheduled{}, &hooked{}, &filed{}, newOverridden()
	})
	for _, role := range access.Roles() {
		o.hire(string(role), func(p *people.Person) { p.Agents = []string{"1001"} })
	}
	_, _, err := o.keys.Add(t.Context(), "shop", []access.Scope{access.Tokens})
	require.NoError(t, err)
	d.due(t, "C-1", "retail")
	o.sendsAlerts(t)
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"))...)
	o.happened("call-2", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	o.happened("call-3", "orders", append(verifiedCall(), offered("1001"), event.AgentMissed{Agent: "1001", Reason: event.MissedNoAnswer})...)
	o.happened("call-4", "orders", append(verifiedCall(), offered("1001"), connected("1001"), event.AgentDone{Agent: "1001", End: event.AgentEndAgent, TalkedMilliseconds: 154_000})...)
	o.happened("call-5", "retail", verifiedCall()[:5]...)
	o.live.Saw(event.Event{
		ID: "alarm.1", Call: "alarm", Seq: 1, Line: "retail", Time: o.clock(),
		Data: event.Alarm{Kind: event.AlarmFailureRate, Calls: 30, Failures: 20, Seconds: 300},
	})
	return o
}

// axe-core's rules for WCAG 2.2 AA, and the page at twice the size of text.
func TestEveryScreenIsAccessible(t *testing.T) {
	t.Parallel()
	axe := axeCore(t)
	o := furnished(t)
	b := o.open(t)
	everyTheme := func(who, path, language string) {
		for _, theme := range []string{"light", "dark"} {
			b.theme(theme)
			b.goTo(path)
			assert.Equal(t, language, eval[string](b, `document.documentElement.lang`))
			b.accessible(axe, who, path+" "+language+" "+theme)
		}
	}
	everyTheme("nobody", "/sign-in", "en")
	everyTheme("nobody", "/api", "en")
	everyTheme("nobody", "/embed/desk", "en")
	everyTheme("nobody", "/wall", "en")
	code := eval[string](b, text(".code"))
	require.Equal(t, http.StatusSeeOther, o.as("supervisor").post("/board/walls", "code", code, "name", "Hall").status)
	everyTheme("a wall", "/wall", "en")
	assert.Contains(t, eval[string](b, text("main")), "Hall")
	invitation, _, err := o.book.Invite(t.Context(), "agent")
	require.NoError(t, err)
	everyTheme("nobody", "/join/"+invitation, "en")
	for role, paths := range screens {
		b.signIn(string(role))
		for _, path := range paths {
			for _, language := range []string{"en", "de"} {
				_, err := o.book.Change(t.Context(), string(role), func(p *people.Person) error { p.Language = language; return nil })
				require.NoError(t, err)
				everyTheme(string(role), path, language)
			}
		}
		b.click(`form[action="/sign-out"] button`)
		b.await(`location.pathname == "/sign-in"`)
	}
}

func (b *tab) theme(theme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	require.NoError(b.t, err)
}

func (b *tab) accessible(axe, who, what string) {
	b.t.Helper()
	eval[chromedp.Void](b, axe)
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run({
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	}).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")))`, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	assert.Empty(b.t, got, "%s: %s", who, what)
	fits := func(size string) {
		wide := eval[int](b, `document.documentElement.scrollWidth`)
		assert.LessOrEqual(b.t, wide, eval[int](b, `innerWidth`), "%s: too wide with text at %s", what, size)
	}
	fits("100 %")
	eval[chromedp.Void](b, `document.documentElement.style.fontSize = "200%"`)
	fits("200 %")
}

// axeCore is axe-core's script: AXE names the file.
func axeCore(t *testing.T) string {
	t.Helper()
	name := os.Getenv("AXE")
	if name == "" {
		const missing = "AXE does not name axe-core's axe.min.js: scripts/npm/fetch.sh fetches it"
		if os.Getenv("CI") != "" {
			require.Fail(t, missing)
		}
		t.Skip(missing)
	}
	body, err := os.ReadFile(filepath.Clean(name))
	require.NoError(t, err)
	return string(body)
}
