package staff_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

// busy is a board with calls in each phase.
func busy(t *testing.T, changes ...func(*staff.Options)) *office {
	o := newOffice(t, changes...)
	o.happened("asked", "retail", event.CallStarted{Channel: "c", CallerLast4: "4711"}, event.StepStarted{Step: "pin"})
	o.happened("rings", "retail", append(verifiedCall(), offered("1001"))...)
	o.happened("talks", "retail", append(verifiedCall(), offered("1002"), connected("1002"))...)
	o.happened("other", "orders", event.CallStarted{Channel: "d", CallerLast4: "0815"}, event.StepStarted{Step: "account"})
	return o
}

func TestTheBoardShowsCallsFunnelQueuesAndAgents(t *testing.T) {
	t.Parallel()
	o := busy(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	for _, language := range []string{"en", "de"} {
		b.header.Set("Accept-Language", language)
		got := b.get("/board")
		require.Equal(t, http.StatusOK, got.status, o.log.String())
		for _, want := range []string{
			"…4711", "support", ">1001<", ">1002<", `data-call="asked"`, `data-call="other"`,
			`<td class="number">3</td><td class="number">2</td><td class="number">100</td>`, // pin: one still runs
		} {
			assert.Contains(t, got.text, want)
		}
		assert.NotContains(t, got.text, "style=")
	}
	b.header.Del("Accept-Language")
	one := b.get("/board?line=orders").text
	assert.Contains(t, one, `data-call="other"`)
	assert.NotContains(t, one, `data-call="asked"`)
	assert.Contains(t, one, `data-source="/board?line=orders"`, "what is fetched again has the filters, too")
	ringing := b.get("/board?phase=ringing").text
	assert.Contains(t, ringing, `data-call="rings"`)
	assert.NotContains(t, ringing, `data-call="talks"`)
	assert.Contains(t, links(ringing, "/board"), "/board?line=retail&phase=ringing", "filters are links that keep each other")
}

func TestTheBoardOfWhoeverMayNotSeePersonsHasNone(t *testing.T) {
	t.Parallel()
	o := busy(t)
	o.hire("business")
	got := o.as("business").get("/board").text
	for _, person := range []string{"4711", "0001", "Ada", "C-1001", "1001", "1002"} {
		assert.NotContains(t, got, person)
	}
	assert.Contains(t, got, `data-call="asked"`)
}

func TestAnAlarmNamesTheVersionPublishedBefore(t *testing.T) {
	t.Parallel()
	o := busy(t)
	o.live.Saw(event.Event{
		ID: "1", Line: "retail", LineVersion: 8, Time: o.clock().Add(-12 * time.Minute), Data: event.ConfigChanged{},
	})
	o.live.Saw(event.Event{ID: "2", Line: "retail", Time: o.clock(), Data: event.Alarm{Kind: "failure_rate", Calls: 20, Failures: 15}})
	o.hire("supervisor")
	got := o.as("supervisor").get("/board").text
	assert.Contains(t, got, `role="alert"`)
	assert.Regexp(t, `15.*20.*8`, got)
}

func TestTheLastHourAsFrames(t *testing.T) {
	t.Parallel()
	o := busy(t)
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"retail"} })
	got := o.as("supervisor").get("/board/hour")
	require.Equal(t, http.StatusOK, got.status)
	var hour struct {
		Frames int `json:"frames"`
		Series []struct {
			Key, Name string
			All       []int
		}
		Steps []struct{ Key string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.text), &hour))
	assert.Equal(t, 361, hour.Frames)
	for _, s := range hour.Series {
		assert.Len(t, s.All, 361)
		assert.NotEmpty(t, s.Name)
	}
	for _, s := range hour.Steps {
		assert.NotEqual(t, "account", s.Key, "that is a line of others")
	}
	assert.NotContains(t, got.text, "C-1001")
}

func TestTheTrendOfTodayIsOnTheBoard(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor")
	got := o.as("supervisor").get("/board").text
	assert.Contains(t, got, `class="today"`)
	assert.Contains(t, got, `<th scope="row">08:15</th><td class="number">15</td>`)
	assert.NotContains(t, newBoardWithoutReports(t), `class="today"`)
}

func newBoardWithoutReports(t *testing.T) string {
	o := busy(t)
	o.hire("supervisor")
	return o.as("supervisor").get("/board").text
}

// wallCode is the code on a screen.
func wallCode(t *testing.T, screen *browser) string {
	t.Helper()
	got := screen.get("/wall")
	require.Equal(t, http.StatusOK, got.status, got.text)
	m := regexp.MustCompile(`>([2-9A-Z]{4} [2-9A-Z]{4})<`).FindStringSubmatch(got.text)
	require.Len(t, m, 2, got.text)
	return m[1]
}

func TestAScreenOnAWallIsPairedShowsNoPersonsAndIsRevoked(t *testing.T) {
	t.Parallel()
	o := busy(t)
	o.hire("supervisor")
	b, screen := o.as("supervisor"), o.browser()
	code := wallCode(t, screen)
	screen.header.Set("X-Part", "1")
	assert.Equal(t, http.StatusNoContent, screen.get("/wall").status, "not paired yet")
	assert.Contains(t, b.get("/board").text, `name="code"`)

	assert.Equal(t, http.StatusNotFound, b.post("/board/walls", "code", "2222-2222", "name", "Hall").status)
	paired := b.post("/board/walls", "code", strings.ToLower(code), "name", "Hall <b>", "line", "retail")
	require.Equal(t, http.StatusSeeOther, paired.status, paired.text)
	assert.Equal(t, http.StatusNotFound, b.post("/board/walls", "code", code, "name", "Hall").status, "once")

	got := screen.get("/wall")
	require.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.text, "Hall &lt;b&gt;")
	assert.Contains(t, got.text, "support")
	assert.Contains(t, got.text, "<td>ringing</td>")
	for _, secret := range []string{"4711", "0001", "Ada", "C-1001", "1001", "1002", "orders", "<a ", "<form"} {
		assert.NotContains(t, got.text, secret)
	}
	screen.header.Del("X-Part")
	for _, path := range []string{"/board", "/board/hour", "/stream", "/calls", "/reports", "/me", "/people"} {
		assert.Contains(t, []int{http.StatusSeeOther, http.StatusUnauthorized}, screen.get(path).status, "it opens /wall only: %s", path)
	}
	assert.Equal(t, http.StatusUnauthorized, screen.post("/board/walls", "code", code).status)

	page := b.get("/board").text
	revoke := regexp.MustCompile(`/board/walls/[0-9a-f]{64}/revoke`).FindString(page)
	require.NotEmpty(t, revoke)
	o.hire("other", func(p *people.Person) { p.Roles = []access.Role{access.Supervisor} })
	assert.Equal(t, http.StatusNotFound, o.as("other").post(revoke).status, "it is not theirs")
	require.Equal(t, http.StatusSeeOther, b.post(revoke).status)
	screen.header.Set("X-Part", "1")
	assert.Equal(t, http.StatusNoContent, screen.get("/wall").status)
	screen.header.Del("X-Part")
	assert.NotEqual(t, code, wallCode(t, screen), "another code")
	assert.Equal(t, "wall_revoked", o.audited[len(o.audited)-1].Action)
}

func TestAScreenGoesDarkWithWhoeverPairedIt(t *testing.T) {
	t.Parallel()
	o := busy(t)
	o.hire("admin")
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"retail"} })
	b, screen := o.as("supervisor"), o.browser()
	assert.Equal(t, http.StatusForbidden, b.post("/board/walls", "code", wallCode(t, screen), "name", "x", "line", "orders").status)
	require.Equal(t, http.StatusSeeOther, b.post("/board/walls", "code", wallCode(t, screen), "name", "Hall").status)
	text := screen.get("/wall").text
	assert.Contains(t, text, "Hall")
	assert.NotContains(t, text, "orders", "only their lines")
	_, err := o.book.Change(t.Context(), "supervisor", func(p *people.Person) error { p.Disabled = true; return nil })
	require.NoError(t, err)
	wallCode(t, screen)
}

func TestTheCookieOfAWallIsForTheWallAlone(t *testing.T) {
	t.Parallel()
	o := busy(t)
	got := o.browser().get("/wall")
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"countersign-wall=", "Path=/wall", "HttpOnly", "SameSite=Lax"} {
		assert.Contains(t, cookie, want)
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	at, err := url.Parse(o.url + "/wall")
	require.NoError(t, err)
	parsed, err := http.ParseSetCookie(cookie)
	require.NoError(t, err)
	jar.SetCookies(at, []*http.Cookie{parsed})
	at.Path = "/board"
	assert.Empty(t, jar.Cookies(at))
	safe := busy(t, func(s *staff.Options) { s.URL = "https://voice.example" })
	cookie = safe.browser().get("/wall").header.Get("Set-Cookie")
	assert.Contains(t, cookie, "__Secure-countersign-wall=")
	assert.Contains(t, cookie, "Secure")
}

func TestCodesForWallsAreFew(t *testing.T) {
	t.Parallel()
	o := busy(t)
	var last reply
	for range 21 {
		last = o.browser().get("/wall")
	}
	assert.Equal(t, http.StatusTooManyRequests, last.status)
}
