package staff_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
	"countersign/web/people"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	b := o.browser()
	assert.Equal(t, "/sign-in?next=%2Fdesk", b.get("/desk").header.Get("Location"))
	got := b.post("/sign-in", "id", "AGENT ", "password", password, "next", "/desk")
	assert.Equal(t, http.StatusSeeOther, got.status)
	assert.Equal(t, "/desk", got.header.Get("Location"))
	assert.Equal(t, http.StatusOK, b.get("/desk").status)
	assert.Equal(t, "/desk", b.get("/").header.Get("Location"))
	assert.Equal(t, http.StatusSeeOther, b.post("/sign-out").status)
	assert.Equal(t, http.StatusSeeOther, b.get("/desk").status)
	require.NotEmpty(t, o.audited)
	assert.Equal(t, "signed_in", o.audited[0].Action)
}

func TestTheCookieIsNewAfterSigningIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	b := o.browser()
	at, err := url.Parse(o.url)
	require.NoError(t, err)
	planted := &http.Cookie{Name: "countersign", Value: "planted-by-somebody-else", Path: "/"}
	b.client.Jar.SetCookies(at, []*http.Cookie{planted})
	b.post("/sign-in", "id", "agent", "password", password)
	cookies := b.client.Jar.Cookies(at)
	require.Len(t, cookies, 1, "that of the browser goes to /sign-in alone")
	assert.NotEqual(t, planted.Value, cookies[0].Value)
	stolen := o.browser()
	stolen.client.Jar.SetCookies(at, []*http.Cookie{planted})
	assert.Equal(t, http.StatusSeeOther, stolen.get("/desk").status)
	first := cookies[0]
	b.post("/sign-out")
	stolen.client.Jar.SetCookies(at, []*http.Cookie{first})
	assert.Equal(t, http.StatusSeeOther, stolen.get("/desk").status, "the cookie of a session that ended")
}

func TestAWrongPasswordAndNobodySoundTheSame(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	asAgent := func(p *people.Person) { p.Roles = []access.Role{access.Agent} }
	o.hire("somebody-7", asAgent)
	o.hire("somebody-8", asAgent)
	_, err := o.book.Change(t.Context(), "somebody-8", func(p *people.Person) error { p.Disabled = true; return nil })
	require.NoError(t, err)
	var texts []string
	for _, id := range []string{"somebody-7", "somebody-8", "somebody-9"} {
		got := o.browser().post("/sign-in", "id", id, "password", "wrong wrong wrong")
		assert.Equal(t, http.StatusUnauthorized, got.status)
		texts = append(texts, strings.ReplaceAll(got.text, id, "ID"))
	}
	assert.Equal(t, texts[0], texts[1])
	assert.Equal(t, texts[0], texts[2])
	assert.NotContains(t, o.log.String(), "wrong wrong wrong")
}

func TestGuessingPasswordsIsSlowAndLocksNobodyOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	b := o.browser()
	refused := 0
	for range 20 {
		if b.post("/sign-in", "id", "agent", "password", "wrong").status == http.StatusTooManyRequests {
			refused++
		}
	}
	assert.Equal(t, 15, refused)
	assert.Equal(t, http.StatusTooManyRequests, b.post("/sign-in", "id", "agent", "password", password).status)
	o.later(time.Minute)
	assert.Equal(t, http.StatusSeeOther, b.post("/sign-in", "id", "agent", "password", password).status)
}

func TestGuessingKeepsNobodyOutOfABrowserThatKnowsThem(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	o.hire("supervisor")
	known := o.as("agent")
	known.post("/sign-out")
	for i := range 60 { // more than an account and an address have free
		o.browser().post("/sign-in", "id", "agent", "password", "wrong")
		o.browser().post("/sign-in", "id", fmt.Sprint("nobody-", i), "password", "wrong")
	}
	signIn := func(b *browser, id, password string) int {
		return b.post("/sign-in", "id", id, "password", password).status
	}
	assert.Equal(t, http.StatusTooManyRequests, signIn(o.browser(), "agent", password))
	assert.Equal(t, http.StatusTooManyRequests, signIn(o.browser(), "supervisor", password), "the address")
	assert.Equal(t, http.StatusTooManyRequests, signIn(known, "supervisor", password), "it knows somebody else")
	require.Equal(t, http.StatusSeeOther, signIn(known, "agent", password))
	known.post("/sign-out")
	for range 5 {
		assert.Equal(t, http.StatusUnauthorized, signIn(known, "agent", "wrong"))
	}
	assert.Equal(t, http.StatusTooManyRequests, signIn(known, "agent", password), "it is no way around the limit")
}

func TestNobodyIsSentToAnotherSiteAfterSigningIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	for _, next := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "javascript:alert(1)",
		"/\t/evil.example", "http:evil.example", "/sign-in?next=x", "",
	} {
		got := o.browser().post("/sign-in", "id", "agent", "password", password, "next", next)
		assert.Equal(t, "/desk", got.header.Get("Location"), next)
	}
	got := o.browser().post("/sign-in", "id", "agent", "password", password, "next", "/calls?line=retail")
	assert.Equal(t, "/calls?line=retail", got.header.Get("Location"))
}

func TestAnInvitationWorksOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("admin")
	admin := o.as("admin")
	got := admin.post("/people", "id", "ben@example.com", "name", "Ben", "role_agent", "1", "agents", "1002, 1003")
	require.Equal(t, http.StatusOK, got.status, got.text)
	_, link, ok := strings.Cut(got.text, `<code id="invitation">`)
	require.True(t, ok)
	link, _, _ = strings.Cut(link, "<")
	link = link[strings.Index(link, "/join/"):]
	b := o.browser()
	assert.Contains(t, b.get(link).text, "Welcome, Ben")
	assert.Equal(t, http.StatusUnprocessableEntity, b.post(link, "password", "short", "again", "short").status)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post(link, "password", password, "again", "different").status)
	assert.Equal(t, http.StatusSeeOther, b.post(link, "password", password, "again", password).status)
	assert.Equal(t, http.StatusOK, b.get("/desk").status, "signed in")
	assert.Equal(t, http.StatusNotFound, b.get(link).status)
	assert.Equal(t, http.StatusNotFound, b.post(link, "password", password, "again", password).status)
	assert.NotContains(t, admin.get("/people").text, strings.TrimPrefix(link, "/join/"), "it is shown once")
	assert.NotContains(t, o.log.String(), strings.TrimPrefix(link, "/join/"))
}

func TestOneInvitationThatIsUsedEndsAllOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	links := make([]string, 3)
	for i := range links {
		secret, _, err := o.book.Invite(t.Context(), "agent")
		require.NoError(t, err)
		links[i] = "/join/" + secret
	}
	assert.Equal(t, http.StatusOK, o.browser().get(links[0]).status)
	assert.Equal(t, http.StatusSeeOther, o.browser().post(links[1], "password", password, "again", password).status)
	assert.Equal(t, http.StatusNotFound, o.browser().get(links[0]).status)
	assert.Equal(t, http.StatusNotFound, o.browser().post(links[2], "password", password, "again", password).status)
}

func TestWhoeverHasNoRoleIsToldSoWithThePassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent", func(p *people.Person) { p.Subject = "known to a provider that was taken out of the settings" })
	_, err := o.book.Change(t.Context(), "agent", func(p *people.Person) error { p.Roles = nil; return nil })
	require.NoError(t, err)
	got := o.browser().post("/sign-in", "id", "agent", "password", password)
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.text, "no role yet")
}

func TestWhoeverIsDisabledIsOutAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("admin")
	o.hire("agent")
	admin, agent := o.as("admin"), o.as("agent")
	require.Equal(t, http.StatusOK, agent.get("/desk").status)
	admin.post("/people/agent", "name", "Agent", "role_agent", "1", "disabled", "1")
	assert.Equal(t, http.StatusSeeOther, agent.get("/desk").status)
	admin.post("/people/agent", "name", "Agent", "role_agent", "1")
	assert.Equal(t, http.StatusSeeOther, agent.get("/desk").status, "what was over stays so")
	agent = o.as("agent")
	admin.post("/people/agent/sign-out")
	assert.Equal(t, http.StatusSeeOther, agent.get("/desk").status)
	assert.Equal(t, http.StatusConflict, admin.post("/people/admin", "name", "Admin", "role_agent", "1").status,
		"the last administrator stays one")
}

func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent")
	here, elsewhere := o.as("agent"), o.as("agent")
	next := "another four silly words"
	assert.Equal(t, 422, here.post("/me/password", "present", "wrong", "password", next, "again", next).status)
	assert.Equal(t, 200, here.post("/me/password", "present", password, "password", next, "again", next).status)
	assert.Equal(t, http.StatusOK, here.get("/desk").status)
	assert.Equal(t, http.StatusSeeOther, elsewhere.get("/desk").status, "all other sessions are over")
	assert.Equal(t, http.StatusUnauthorized, o.browser().post("/sign-in", "id", "agent", "password", password).status)
}
