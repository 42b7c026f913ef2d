package people_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/shared"
	"countersign/web/access"
	"countersign/web/people"
)

const address = "https://screens.example.com"

// device is somebody's telephone.
type device struct {
	virtualwebauthn.Authenticator
	rp  virtualwebauthn.RelyingParty
	key virtualwebauthn.Credential
}

func newDevice() *device {
	return &device{
		Authenticator: virtualwebauthn.NewAuthenticator(), key: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA),
		rp: virtualwebauthn.RelyingParty{ID: "screens.example.com", Name: "Countersign", Origin: address},
	}
}

// ring is a book with passkeys in which Ada is.
func ring(t *testing.T) (*people.Book, *people.Passkeys) {
	t.Helper()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	book := people.NewBook(shared.NewMemory(), func() time.Time { return now })
	_, err := book.Add(t.Context(), people.Person{ID: "ada", Name: "Ada", Roles: []access.Role{access.Agent}})
	require.NoError(t, err)
	keys, err := people.NewPasskeys(book, address)
	require.NoError(t, err)
	return book, keys
}

// add adds the device's passkey for Ada.
func (d *device) add(t *testing.T, k *people.Passkeys) error {
	t.Helper()
	options, begun, err := k.BeginAdd(t.Context(), "ada")
	require.NoError(t, err)
	text, err := json.Marshal(options)
	require.NoError(t, err)
	asked, err := virtualwebauthn.ParseAttestationOptions(string(text))
	require.NoError(t, err)
	answer := virtualwebauthn.CreateAttestationResponse(d.rp, d.Authenticator, d.key, *asked)
	d.Options.UserHandle = options.Response.User.ID.(protocol.URLEncodedBase64)
	_, err = k.FinishAdd(t.Context(), "ada", begun, []byte(answer), "Telephone")
	return err
}

// answer is what the device says to a sign-in that begins now, and what was begun.
func (d *device) answer(t *testing.T, k *people.Passkeys) (begun, answer []byte) {
	t.Helper()
	options, begun, err := k.BeginSignIn()
	require.NoError(t, err)
	text, err := json.Marshal(options)
	require.NoError(t, err)
	asked, err := virtualwebauthn.ParseAssertionOptions(string(text))
	require.NoError(t, err)
	assert.Empty(t, asked.AllowCredentials, "nobody is asked who they are, and nothing is told of them")
	return begun, []byte(virtualwebauthn.CreateAssertionResponse(d.rp, d.Authenticator, d.key, *asked))
}

func TestAPersonSignsInWithAPasskeyThatTheyAdded(t *testing.T) {
	t.Parallel()
	book, keys := ring(t)
	d := newDevice()
	require.NoError(t, d.add(t, keys))
	p, err := book.Get(t.Context(), "ada")
	require.NoError(t, err)
	require.Len(t, p.Passkeys, 1)
	assert.Equal(t, "Telephone", p.Passkeys[0].Name)
	assert.True(t, p.Passkeys[0].Used.IsZero())
	assert.Equal(t, "active", p.State())
	assert.NotContains(t, string(p.Handle), "ada", "devices keep no name of ours")
	begun, answer := d.answer(t, keys)
	p, with, err := keys.FinishSignIn(t.Context(), begun, answer)
	require.NoError(t, err)
	assert.Equal(t, "ada", p.ID)
	assert.Equal(t, "Telephone", with.Name)
	assert.False(t, p.Passkeys[0].Used.IsZero())
}

func TestWhatIsNoProofIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(d *device){
		"nobody was verified":   func(d *device) { d.Options.UserNotVerified = true },
		"nobody was there":      func(d *device) { d.Options.UserNotPresent = true },
		"another site":          func(d *device) { d.rp.Origin = "https://screens.example.com.evil.example" },
		"another host":          func(d *device) { d.rp.ID = "evil.example" },
		"another key":           func(d *device) { d.key.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA).Key },
		"another credential":    func(d *device) { d.key.ID = []byte("somebody else's credential id") },
		"nobody's handle":       func(d *device) { d.Options.UserHandle = make([]byte, 32) },
		"no handle":             func(d *device) { d.Options.UserHandle = nil },
		"a handle of our words": func(d *device) { d.Options.UserHandle = []byte("ada") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, keys := ring(t)
			d := newDevice()
			require.NoError(t, d.add(t, keys))
			change(d)
			begun, answer := d.answer(t, keys)
			_, _, err := keys.FinishSignIn(t.Context(), begun, answer)
			assert.ErrorIs(t, err, people.ErrPasskey)
		})
	}
	_, keys := ring(t)
	d := newDevice()
	require.NoError(t, d.add(t, keys))
	begun, _ := d.answer(t, keys)
	_, earlier := d.answer(t, keys)
	for name, answer := range map[string][]byte{
		"the answer to another challenge": earlier, "nothing": nil, "no JSON": []byte("{"), "an empty object": []byte("{}"),
	} {
		_, _, err := keys.FinishSignIn(t.Context(), begun, answer)
		assert.ErrorIs(t, err, people.ErrPasskey, name)
	}
	_, _, err := keys.FinishSignIn(t.Context(), []byte("nothing was begun"), earlier)
	assert.ErrorIs(t, err, people.ErrPasskey)
	unverified := newDevice()
	unverified.Options.UserNotVerified = true
	assert.ErrorIs(t, unverified.add(t, keys), people.ErrPasskey, "nor is one added without the person")
}

func TestACopiedPasskeyIsNoticed(t *testing.T) {
	t.Parallel()
	_, keys := ring(t)
	d := newDevice()
	d.key.Counter = 5
	require.NoError(t, d.add(t, keys))
	d.key.Counter = 9
	begun, answer := d.answer(t, keys)
	_, _, err := keys.FinishSignIn(t.Context(), begun, answer)
	require.NoError(t, err)
	d.key.Counter = 7
	begun, answer = d.answer(t, keys)
	_, _, err = keys.FinishSignIn(t.Context(), begun, answer)
	assert.ErrorIs(t, err, people.ErrPasskey)
	assert.ErrorContains(t, err, "a copy")
}

func TestARemovedPasskeyAndADisabledPersonAreOut(t *testing.T) {
	t.Parallel()
	book, keys := ring(t)
	d := newDevice()
	require.NoError(t, d.add(t, keys))
	_, err := book.Change(t.Context(), "ada", func(p *people.Person) error { p.Disabled = true; return nil })
	require.NoError(t, err)
	begun, answer := d.answer(t, keys)
	_, _, err = keys.FinishSignIn(t.Context(), begun, answer)
	assert.ErrorIs(t, err, people.ErrDisabled)
	p, err := book.Change(t.Context(), "ada", func(p *people.Person) error { p.Disabled = false; return nil })
	require.NoError(t, err)
	removed, err := book.RemovePasskey(t.Context(), "ada", p.Passkeys[0].ID())
	require.NoError(t, err)
	assert.Equal(t, []string{"Telephone"}, removed)
	begun, answer = d.answer(t, keys)
	_, _, err = keys.FinishSignIn(t.Context(), begun, answer)
	assert.ErrorIs(t, err, people.ErrPasskey)
	_, err = book.RemovePasskey(t.Context(), "ada", p.Passkeys[0].ID())
	assert.ErrorIs(t, err, people.ErrNoPasskey)
}

func TestPasskeysNeedANameAndTLS(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://screens.example.com": true, "https://screens.example.com:8443": true, "http://localhost:8085": true,
		"http://screens.example.com": false, "https://192.0.2.1": false, "http://127.0.0.1:8085": false, "": false,
	} {
		_, err := people.NewPasskeys(people.NewBook(shared.NewMemory(), time.Now), address)
		assert.Equal(t, ok, err == nil, address)
	}
}
