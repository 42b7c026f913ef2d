package staff_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/audit"
	"countersign/web/people"
)

// withPasskeys are screens at localhost, where browsers have passkeys without TLS. The port is only known when they serve.
func withPasskeys(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	o.url = strings.Replace(o.url, "127.0.0.1", "localhost", 1)
	var err error
	o.pages.Passkeys, err = people.NewPasskeys(o.book, o.url)
	require.NoError(t, err)
	return o
}

func TestAPasskeyIsAddedAndUsedInTheBrowser(t *testing.T) {
	t.Parallel()
	o := withPasskeys(t)
	o.hire("ada", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada")
	b.goTo("/me")
	_, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	require.NoError(t, err)
	add := func(present string) {
		require.NoError(t, chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.ID("passkey_name"), "Telephone"),
			chromedp.SendKeys(chromedp.ID("passkey_present"), present+"\r")))
	}
	add("not the password")
	b.await(text("[data-passkey-said]"))
	assert.Contains(t, eval[string](b, text("[data-passkey-said]")), "present password")
	b.goTo("/me")
	add(password)
	b.await(text("[data-passkey]") + `.includes("not used yet")`)
	p, err := o.book.Get(t.Context(), "ada")
	require.NoError(t, err)
	require.Len(t, p.Passkeys, 1)

	b.click(`form[action="/sign-out"] button`)
	b.await(`location.pathname === "/sign-in"`)
	b.goTo("/sign-in?next=/me")
	b.click("[data-passkey-button]")
	b.await(`location.pathname === "/me" && ` + text("[data-passkey]") + `.includes("last used")`)

	o.mu.Lock()
	defer o.mu.Unlock()
	var actions []string
	for _, e := range o.audited {
		actions = append(actions, e.Action)
	}
	assert.Equal(t, []string{audit.SignedIn, audit.PasskeyAdded, audit.SignedIn}, actions)
}

func TestPasskeysAreAskedForByScriptsOfOursAlone(t *testing.T) {
	t.Parallel()
	o := withPasskeys(t)
	o.hire("ada", agentWith("1001"))
	o.hire("admin")
	b := o.as("ada")
	begun := b.post("/sign-in/passkey/begin")
	require.Equal(t, http.StatusOK, begun.status, begun.text)
	assert.Contains(t, begun.text, `"userVerification":"required"`)
	got := b.post("/sign-in/passkey")
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	assert.Contains(t, got.text, "The passkey did not work.")
	assert.Equal(t, http.StatusForbidden, b.post("/sign-in/passkey").status, "what was begun counts once")
	assert.Equal(t, http.StatusBadRequest, b.post("/me/passkeys/begin").status, "no JSON")
	assert.Equal(t, http.StatusNotFound, b.post("/me/passkeys/00/remove").status)
	assert.Equal(t, http.StatusUnauthorized, o.browser().post("/me/passkeys/begin").status)
	assert.Equal(t, http.StatusUnauthorized, o.browser().post("/me/passkeys").status)
	assert.Equal(t, http.StatusUnauthorized, o.browser().post("/me/passkeys/00/remove").status)
	assert.Equal(t, http.StatusNotFound, o.as("admin").post("/people/ada/remove-passkeys").status, "there are none")
	b.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
	for _, path := range []string{"/sign-in/passkey/begin", "/sign-in/passkey", "/me/passkeys/begin", "/me/passkeys"} {
		assert.Equal(t, http.StatusForbidden, b.post(path).status, path)
	}
	without := newOffice(t)
	assert.NotContains(t, without.browser().get("/sign-in").text, "passkey.js")
	assert.Equal(t, http.StatusNotFound, without.browser().post("/sign-in/passkey/begin").status)
}
