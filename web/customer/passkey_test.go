package customer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
)

// device is a telephone with a passkey.
type device struct {
	virtualwebauthn.Authenticator
	rp  virtualwebauthn.RelyingParty
	key virtualwebauthn.Credential
}

func (h *house) device() *device {
	return &device{
		Authenticator: virtualwebauthn.NewAuthenticator(), key: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
		rp: virtualwebauthn.RelyingParty{ID: "localhost", Name: "Sample Bank", Origin: h.URL},
	}
}

// enrols adds the device's passkey on a page.
func (d *device) enrols(t *testing.T, p *phone) got {
	t.Helper()
	begun := p.script("/my/passkeys/begin", nil)
	if begun.status != http.StatusOK {
		return begun
	}
	asked, err := virtualwebauthn.ParseAttestationOptions(begun.text)
	require.NoError(t, err)
	answer := virtualwebauthn.CreateAttestationResponse(d.rp, d.Authenticator, d.key, *asked)
	d.AddCredential(d.key)
	return p.do("POST", "/my/passkeys", "application/json", answer)
}

// signs is what the device says on the page of a call.
func (d *device) signs(t *testing.T, p *phone) string {
	t.Helper()
	begun := p.script("/my/proof/passkey/begin", nil)
	require.Equal(t, http.StatusOK, begun.status, begun.text)
	asked, err := virtualwebauthn.ParseAssertionOptions(begun.text)
	require.NoError(t, err)
	require.Contains(t, begun.text, `"userVerification":"required"`)
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.Authenticator, d.key, *asked)
}

func TestAPasskeyIsAddedOnlyInAnAuthenticatedMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.device()
	byLink := h.phone()
	byLink.opens(h.link("C-1", ForPage, ""))
	assert.Equal(t, http.StatusForbidden, d.enrols(t, byLink).status, "a link alone")
	assert.NotContains(t, byLink.get("/my").text, "Add a passkey")

	of := func(customer string, proofs ...session.Proof) session.Known {
		return session.Known{Proven: session.Proven{Customer: customer, Proofs: proofs}, Call: "call-1"}
	}
	pin, code := session.Proof{Factor: session.Knowledge}, session.Proof{Factor: session.Possession}
	for name, known := range map[string]session.Known{
		"a call at level 2": of("C-1", code), "somebody else's call": of("C-2", pin, code), "a call of nobody": {},
	} {
		h.known["call-1"] = known
		p := h.phone()
		p.opens(h.link("C-1", ForPage, "call-1"))
		assert.Equal(t, http.StatusForbidden, d.enrols(t, p).status, name)
	}
	h.known["call-1"] = of("C-1", pin, code)
	p := h.phone()
	p.opens(h.link("C-1", ForPage, "call-1"))
	got := d.enrols(t, p)
	assert.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, p.get("/my").text, "Passkey of")

	byToken := h.phone()
	byToken.signsIn("C-3", session.MethodPassword)
	got = h.device().enrols(t, byToken)
	assert.Equal(t, http.StatusOK, got.status, got.text)
	assert.Equal(t, []string{"C-1 passkey_added by link", "C-3 passkey_added by token"}, h.audited)

	keys, err := h.page.Passkeys.Of(t.Context(), "C-1")
	require.NoError(t, err)
	require.Len(t, keys, 1)
	assert.Contains(t, byLink.post("/my/passkeys/"+keys[0].ID()+"/remove").text, "Your page")
	keys, err = h.page.Passkeys.Of(t.Context(), "C-1")
	require.NoError(t, err)
	assert.Empty(t, keys)
	assert.Equal(t, http.StatusNotFound, byLink.post("/my/passkeys/00/remove").status)
	all, err := h.store.All(t.Context(), "passkeys")
	require.NoError(t, err)
	for key, value := range all {
		assert.NotContains(t, key, "C-")
		assert.Contains(t, string(value), `"customer":"C-`, "or erasing would not find it")
	}
}

func TestAPasskeyConfirmsACall(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, home := h.device(), h.phone()
	home.signsIn("C-1", session.MethodPassword)
	require.Equal(t, http.StatusOK, d.enrols(t, home).status)

	link, digits := h.asks("C-1", "call-1")
	p := h.phone()
	p.opens(link)
	assert.Equal(t, http.StatusConflict, p.script("/my/proof/passkey/begin", nil).status, "the digits come first")
	assert.Contains(t, p.post("/my/proof/digits", "digits", digits).text, "Confirm with a passkey")
	assert.Equal(t, applink.Entered, h.state("C-1", "call-1"))
	answer := d.signs(t, p)
	got := p.do("POST", "/my/proof/passkey", "application/json", answer)
	require.Equal(t, http.StatusOK, got.status, got.text)
	q, err := h.book.Look(t.Context(), "C-1", "call-1")
	require.NoError(t, err)
	assert.Equal(t, applink.Confirmed, q.State)
	assert.True(t, q.Passkey)

	// The same answer again, on the page of another call.
	link, digits = h.asks("C-1", "call-2")
	p2 := h.phone()
	p2.opens(link)
	p2.post("/my/proof/digits", "digits", digits)
	assert.Equal(t, http.StatusForbidden, p2.do("POST", "/my/proof/passkey", "application/json", answer).status, "nothing was begun")
	d.signs(t, p2)
	assert.Equal(t, http.StatusForbidden, p2.do("POST", "/my/proof/passkey", "application/json", answer).status, "another challenge")
	assert.Equal(t, applink.Entered, h.state("C-1", "call-2"))

	// Whoever holds the telephone is not checked.
	d.Options.UserNotVerified = true
	assert.Equal(t, http.StatusForbidden, p2.do("POST", "/my/proof/passkey", "application/json", d.signs(t, p2)).status)
	d.Options.UserNotVerified = false

	// Another device.
	foreign := h.device()
	foreign.Options.UserHandle = d.Options.UserHandle
	assert.Equal(t, http.StatusForbidden, p2.do("POST", "/my/proof/passkey", "application/json", foreign.signs(t, p2)).status)

	assert.Contains(t, p2.post("/my/proof/confirm").text, "Please go on with your call.", "and without one")
	q, err = h.book.Look(t.Context(), "C-1", "call-2")
	require.NoError(t, err)
	assert.False(t, q.Passkey)
	challenge := strings.Split(answer, `"challenge"`)
	assert.NotContains(t, h.log.String(), challenge[len(challenge)-1])
}

func TestPasskeysNeedANameAndTLS(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://192.0.2.1", "http://bank.example.com", "http://127.0.0.1:8085"} {
		_, err := NewPasskeys(nil, address, "Bank", time.Now)
		assert.Error(t, err, address)
	}
	_, err := NewPasskeys(nil, "https://bank.example.com", "Bank", time.Now)
	assert.NoError(t, err)
	m, _ := session.MethodOf(event.MethodPasskey)
	assert.Equal(t, session.TwoFactors, m.Factor)
}
