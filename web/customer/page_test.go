package customer

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/web/asset"
)

func TestALinkOpensThePageOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link := h.link("C-1", ForPage, "")
	secret := link[strings.LastIndexByte(link, '/')+1:]
	scanner := h.phone()
	for range 3 { // mail programs and virus scanners open everything
		asked := scanner.get(link)
		assert.Equal(t, http.StatusOK, asked.status)
		assert.Equal(t, "/my/open", asked.path)
		assert.NotContains(t, asked.text, secret)
		assert.NotContains(t, asked.text, "Ada")
		assert.Equal(t, "no-referrer", asked.header.Get("Referrer-Policy"))
	}
	first, second := h.phone(), h.phone()
	second.get(link)
	got := first.opens(link)
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Equal(t, "/my", got.path)
	assert.Contains(t, got.text, "You opened a link that we sent you.")
	assert.Equal(t, http.StatusGone, second.post("/my/open").status, "on another telephone")
	assert.Equal(t, http.StatusGone, first.opens(link).status, "again")
	assert.Equal(t, http.StatusUnauthorized, second.get("/my").status)
	assert.Equal(t, http.StatusOK, first.get("/my").status, "the visit goes on")

	at, err := url.Parse(h.URL + "/my/open")
	require.NoError(t, err)
	for _, c := range first.Jar.Cookies(at) {
		assert.NotEqual(t, linkCookie, c.Name, "the link is forgotten")
	}
	all, err := h.store.All(t.Context(), "link")
	require.NoError(t, err)
	for key := range all {
		assert.NotContains(t, key, secret)
	}
	u, err := url.Parse(h.URL)
	require.NoError(t, err)
	for _, c := range first.Jar.Cookies(u) {
		for _, kind := range []string{"link", "session"} {
			all, err := h.store.All(t.Context(), kind)
			require.NoError(t, err)
			for key, value := range all {
				assert.NotContains(t, key+string(value), c.Value, "only hashes are stored")
			}
		}
	}
	assert.NotContains(t, h.log.String(), secret)
}

func TestALinkExpiresAndIsMadeSeldom(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link := h.link("C-1", ForPage, "")
	h.later(LinkLife)
	assert.Equal(t, http.StatusGone, h.phone().opens(link).status)
	assert.Equal(t, http.StatusGone, h.phone().opens(h.URL+linkPath+newSecret()).status, "made up")
	assert.Equal(t, http.StatusNotFound, h.phone().get(linkPath+"x").status)
	assert.Equal(t, http.StatusGone, h.phone().post("/my/open").status, "without a link")
	var err error
	for range mostLinks + 1 {
		_, err = h.links.Make(t.Context(), PageLink{Customer: "C-7", Purpose: ForPage}, LinkLife)
	}
	assert.ErrorIs(t, err, ErrTooMany)
}

func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range mostFailures {
		require.Equal(t, http.StatusGone, h.phone().opens(h.URL+linkPath+newSecret()).status)
	}
	assert.Equal(t, http.StatusTooManyRequests, h.phone().opens(h.URL+linkPath+newSecret()).status)
	assert.Equal(t, http.StatusOK, h.phone().opens(h.link("C-1", ForPage, "")).status, "a good one never waits")
	p, link := h.phone(), h.link("C-1", ForPage, "")
	p.get(link)
	p.post("/my/open")
	for range mostOpenings {
		p.opens(link)
	}
	assert.Contains(t, p.opens(link).text, "Too many tries")
}

func TestATokenOfTheCompanysLogInOpensThePageOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	raw, err := h.tokens.IssueFor(t.Context(), "C-1", []event.Method{session.MethodPassword, session.MethodApp}, "*")
	require.NoError(t, err)
	p := h.phone()
	got := p.post("/my/token", "token", raw)
	assert.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, got.text, "You signed in on our website.")
	assert.Contains(t, got.text, "That proves two different things.")
	assert.Equal(t, http.StatusForbidden, h.phone().post("/my/token", "token", raw).status)
	assert.Equal(t, http.StatusForbidden, h.phone().post("/my/token", "token", "made up").status)
	assert.Equal(t, http.StatusForbidden, h.phone().signsIn("C-1", event.MethodBirthDate).status, "too weak")
	assert.NotContains(t, h.log.String(), raw)
}

func TestAVisitEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	require.Equal(t, http.StatusOK, p.opens(h.link("C-1", ForPage, "")).status)
	h.later(VisitLife)
	assert.Equal(t, http.StatusUnauthorized, p.get("/my").status)

	p = h.phone()
	p.opens(h.link("C-1", ForPage, ""))
	u, err := url.Parse(h.URL)
	require.NoError(t, err)
	kept := p.Jar.Cookies(u)
	assert.Contains(t, p.post("/my/sign-out").text, "You are signed out.")
	p.Jar.SetCookies(u, kept)
	assert.Equal(t, http.StatusUnauthorized, p.get("/my").status, "the cookie is worth nothing any more")

	p = h.phone()
	p.opens(h.link("C-1", ForPage, ""))
	h.mu.Lock()
	h.gone = true
	h.mu.Unlock()
	assert.Equal(t, http.StatusUnauthorized, p.get("/my").status, "erased meanwhile")
}

func TestThePageSaysWhatACustomerWantsToKnow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	english := p.opens(h.link("C-1", ForPage, ""))
	for _, text := range []string{
		"Sample Bank", "Ada", "Your calls", "retail", "You proved that it was you.", "The call ended before we were done.",
		"You were connected without proof.", "You told us that it was not you.", "Your data", "Good until",
	} {
		assert.Contains(t, english.text, text)
	}
	assert.NotContains(t, english.text, "Did you call us?")
	german := p.get("/my", "Accept-Language", "de-AT,de;q=0.9")
	assert.Contains(t, german.text, `<html lang="de">`)
	assert.Contains(t, german.text, "Ihre Anrufe")
	for _, c := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for"} {
		assert.Contains(t, german.header.Get("Content-Security-Policy"), c)
	}
	first := len(english.text)
	for _, file := range regexp.MustCompile(`/asset/[a-z0-9.]+`).FindAllString(english.text, -1) {
		first += len(p.get(file).text)
	}
	assert.Less(t, first, 60_000)
	assert.Contains(t, english.text, asset.URL("my.css"))
}

func TestWhatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	link := h.link("C-1", ForPage, "")
	p.opens(link)
	h.mu.Lock()
	h.callsErr = errors.New("no reports")
	h.mu.Unlock()
	got := p.get("/my")
	assert.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.text, "This is not available at the moment.")
	assert.Contains(t, got.text, "Your data", "the other sections are there")
	link = h.link("C-1", ForPage, "")
	p = h.phone()
	p.get(link)
	h.store.away.Store(true)
	assert.Equal(t, http.StatusServiceUnavailable, p.post("/my/open").status)
	assert.Equal(t, http.StatusServiceUnavailable, p.post("/my/token", "token", h.token("C-1")).status)
	h.store.away.Store(false)
	assert.Equal(t, http.StatusOK, p.post("/my/open").status, "an outage uses no link up")
}

func TestVisitsOfACustomerAreLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range mostBegins {
		require.Equal(t, http.StatusOK, h.phone().signsIn("C-1", session.MethodPassword).status)
	}
	assert.Equal(t, http.StatusTooManyRequests, h.phone().signsIn("C-1", session.MethodPassword).status)
	assert.Equal(t, http.StatusOK, h.phone().signsIn("C-2", session.MethodPassword).status)
}

func TestALimitForgetsAndIsBounded(t *testing.T) {
	t.Parallel()
	l, now := newLimit(2, time.Minute), time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	assert.True(t, l.allows("a", now))
	assert.True(t, l.allows("a", now))
	assert.False(t, l.allows("a", now.Add(59*time.Second)))
	assert.True(t, l.allows("a", now.Add(time.Minute)))
	for i := range mostKeys + 10 {
		l.allows(fmt.Sprint(i), now.Add(2*time.Minute))
	}
	assert.LessOrEqual(t, len(l.counts), mostKeys+1)
	assert.False(t, l.allows("one more", now.Add(2*time.Minute)), "all others are counted together")
	assert.True(t, l.allows("one more", now.Add(4*time.Minute)))
}

func TestNothingIsDoneForAnotherSite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	p.opens(h.link("C-1", ForPage, ""))
	for _, route := range h.page.Routes() {
		if route.Method != http.MethodPost || route.Path == "/my/token" {
			continue
		}
		got := p.do(http.MethodPost, strings.ReplaceAll(route.Path, "{passkey}", "00"), "", "", "Sec-Fetch-Site", "cross-site")
		assert.Equal(t, http.StatusForbidden, got.status, route.Path)
		assert.Contains(t, got.text, "another website", route.Path)
	}
	for _, path := range []string{"/my/data", "/my/erasure", "/my"} {
		assert.Equal(t, http.StatusUnauthorized, h.phone().get(path).status, path)
	}
}

func TestACustomerGetsTheirDataAndAsksForErasure(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	p.opens(h.link("C-1", ForPage, ""))
	got := p.get("/my/data")
	assert.JSONEq(t, `{"customer": "C-1", "name": "Ada"}`, got.text)
	assert.Contains(t, got.header.Get("Content-Disposition"), "attachment")
	assert.Contains(t, p.get("/my/erasure").text, "It cannot be undone.")
	assert.Equal(t, http.StatusUnprocessableEntity, p.post("/my/erasure").status, "not sure")
	assert.Contains(t, p.post("/my/erasure", "sure", "yes").text, "You asked us to erase your data on")
	p.post("/my/erasure", "sure", "yes")
	assert.Equal(t, []string{"C-1 exported own data, by link", "C-1 erasure_asked by link"}, h.audited, "once")
	assert.Contains(t, h.log.String(), "customers erase")
}

// TestEveryTextIsThere reads the texts that templates name, in both languages.
func TestEveryTextIsThere(t *testing.T) {
	t.Parallel()
	files, err := pageFiles.ReadDir("pages/my")
	require.NoError(t, err)
	named := regexp.MustCompile(`\.T "([a-z0-9_]+)"`)
	n := 0
	for _, f := range files {
		text, err := pageFiles.ReadFile("pages/my/" + f.Name())
		require.NoError(t, err)
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			n++
			for _, language := range []string{"en", "de"} {
				assert.NotEmpty(t, pageTexts[m[1]][language], "%s: %s", f.Name(), m[1])
			}
		}
	}
	assert.Greater(t, n, 40)
	for _, s := range newHouse(t).page.sections {
		assert.NotEmpty(t, pageTexts["section_"+s.name]["en"], s.name)
	}
	for key, all := range pageTexts {
		assert.Len(t, all, 2, key)
	}
	when := shown{Language: "de", zone: time.UTC}.When(time.Date(2026, 12, 1, 9, 5, 0, 0, time.UTC))
	assert.Equal(t, "1. Dezember 2026, 09:05", when)
}
