package staff_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

// frameToken makes a token for the frame of an agent.
func (o *office) frameToken(id string) string {
	o.t.Helper()
	token, _, err := o.frames.Token(o.t.Context(), id, "crm")
	require.NoError(o.t, err)
	return token
}

// beginFrame hands over a token as the script of a frame does.
func (b *browser) beginFrame(token string) (got reply, session string) {
	b.o.t.Helper()
	body, err := json.Marshal(map[string]string{"token": token})
	require.NoError(b.o.t, err)
	r, err := http.NewRequestWithContext(b.o.t.Context(), http.MethodPost, b.o.url+"/embed/session",
		strings.NewReader(string(body)))
	require.NoError(b.o.t, err)
	r.Header = b.header.Clone()
	got = b.send(r)
	var begun struct {
		Session string `json:"session"`
	}
	require.NoError(b.o.t, json.Unmarshal([]byte(got.text), &begun), got.text)
	return got, begun.Session
}

// frameOf is the frame of an agent in another page.
func (o *office) frameOf(id string) *browser {
	o.t.Helper()
	b := o.browser()
	got, session := b.beginFrame(o.frameToken(id))
	require.Equal(o.t, http.StatusOK, got.status, got.text)
	b.header.Set("Authorization", "Bearer "+session)
	return b
}

func TestAFrameIsLetInByATokenOnceAndHasNoCookie(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	token := o.frameToken("ada-agent")
	b := o.browser()
	got, session := b.beginFrame(token)
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.JSONEq(t, `{"session": "`+session+`", "expires_in": 3600, "person": "ada-agent"}`, got.text)
	assert.Empty(t, got.header.Values("Set-Cookie"))
	b.header.Set("Authorization", "Bearer "+session)
	b.header.Set("X-Part", "1")
	desk := b.get("/frame/desk")
	assert.Equal(t, http.StatusOK, desk.status)
	assert.Contains(t, desk.text, "Ada Lovelace")
	assert.Empty(t, desk.header.Values("Set-Cookie"))
	assert.Equal(t, http.StatusNoContent, b.post("/frame/desk/calls/call-1/step-up", "level", "3").status)
	assert.Equal(t, []string{"call-1 3"}, o.asked)
	assert.Equal(t, http.StatusNoContent, b.post("/frame/desk/seen").status)

	again, _ := o.browser().beginFrame(token)
	assert.Equal(t, http.StatusUnprocessableEntity, again.status)
	assert.Contains(t, again.text, "used before or has expired")
	renewed, _ := b.beginFrame(o.frameToken("ada-agent"))
	assert.Equal(t, http.StatusOK, renewed.status)
	var noted []string
	for _, e := range o.audited {
		if e.Action == audit.SignedIn {
			noted = append(noted, e.Detail)
		}
	}
	require.Len(t, noted, 1, "a renewed session is no new sign-in")
	assert.Contains(t, noted[0], "in a frame, by the key crm")
	assert.NotContains(t, o.log.String(), session)
	assert.NotContains(t, o.log.String(), token)
}

func TestAnotherAgentsCallIsNotInAFrame(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	o.hire("ben-agent", agentWith("1002"))
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	ben := o.frameOf("ben-agent")
	ben.header.Set("X-Part", "1")
	assert.NotContains(t, ben.get("/frame/desk").text, "call-1")
	assert.Equal(t, http.StatusNotFound, ben.post("/frame/desk/calls/call-1/step-up").status)
	assert.Empty(t, o.asked)
}

// The stream of a frame ends with its session, and tells of the agent's own calls only.
func TestTheStreamOfAFrameNeedsItsSession(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("boss", func(p *people.Person) {
		p.Roles, p.Agents = []access.Role{access.Agent, access.Supervisor}, []string{"1001"}
	})
	assert.Equal(t, http.StatusUnauthorized, o.as("boss").get("/frame/stream").status, "a cookie is none")
	assert.Equal(t, http.StatusUnauthorized, o.browser().get("/frame/stream").status)
	b := o.frameOf("boss")
	o.pages.CheckStreamsEach(20 * time.Millisecond)
	lines := b.streamAt(t, "/frame/stream")
	o.happened("call-9", "retail", verifiedCall()...)
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"))...)
	line, _ := next(t, lines)
	assert.Equal(t, "desk", line, "and not board, which they may see in a browser")
	require.NoError(t, o.book.SignOut(t.Context(), "boss"))
	for line, ok := next(t, lines); ok; line, ok = next(t, lines) {
		assert.Equal(t, "desk", line)
	}
}

func TestOnlyThePageForFramesMayBeFramedAndOnlyByThePagesOfTheSettings(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(s *staff.Options) { s.Embed = []string{"https://crm.example", "http://localhost:3000"} })
	o.hire("agent")
	b := o.as("agent")
	got := b.get("/embed/desk?language=de")
	assert.Equal(t, http.StatusOK, got.status)
	assert.True(t, strings.HasSuffix(got.header.Get("Content-Security-Policy"),
		"; frame-ancestors https://crm.example http://localhost:3000"), got.header.Get("Content-Security-Policy"))
	assert.Empty(t, got.header.Get("X-Frame-Options"))
	assert.Contains(t, got.text, "Diese Seite gehört in eine andere")
	assert.NotContains(t, got.text, "Name of agent", "it is nobody's, whoever is signed in")
	assert.Empty(t, got.header.Values("Set-Cookie"))
	for _, path := range []string{"/desk", "/sign-in", "/me", "/embed/session", "/embed/pop.js", "/frame/desk", "/"} {
		got := b.get(path)
		assert.Contains(t, got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.Equal(t, "DENY", got.header.Get("X-Frame-Options"), path)
	}
	closed := newOffice(t).browser().get("/embed/desk")
	assert.Contains(t, closed.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	assert.Equal(t, "DENY", closed.header.Get("X-Frame-Options"))
}

func TestAnyPageMayLoadTheElementAtOneAddress(t *testing.T) {
	t.Parallel()
	b := newOffice(t).browser()
	got := b.get("/embed/pop.js")
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "text/javascript; charset=utf-8", got.header.Get("Content-Type"))
	assert.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "cross-origin", got.header.Get("Cross-Origin-Resource-Policy"))
	assert.Equal(t, "public, max-age=300", got.header.Get("Cache-Control"))
	assert.Contains(t, got.text, `customElements.define("countersign-pop"`)
	b.header.Set("If-None-Match", got.header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, b.get("/embed/pop.js").status)
}

func TestAFrameThatEndedIsNotSentToTheSignIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.frameOf("ada-agent")
	assert.Equal(t, http.StatusOK, b.get("/frame/desk").status)
	o.later(time.Hour)
	got := b.get("/frame/desk")
	assert.Equal(t, http.StatusUnauthorized, got.status, "its page would be framed in vain")
	assert.Empty(t, got.header.Get("Location"))
}
