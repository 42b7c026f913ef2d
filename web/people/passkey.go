package people

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"countersign/session/shared"
)

// Passkey is a key pair of a person's device, of which we know the public half (WebAuthn).
type Passkey struct {
	// Name is what the person calls it.
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// Used is when somebody last signed in with it; zero: not yet.
	Used       time.Time           `json:"used,omitzero"`
	Credential webauthn.Credential `json:"credential"`
}

// ID is the passkey's id, for an address.
func (k Passkey) ID() string { return hex.EncodeToString(k.Credential.ID) }

// maxPasskeys bounds those of a person (docs/policy.md#people).
const maxPasskeys = 20

// Errors of passkeys.
var (
	// ErrPasskey: the answer of the device does not count. What it wraps is for a log.
	ErrPasskey = errors.New("this passkey does not count")
	// ErrTooMany: the person has as many passkeys as anybody may.
	ErrTooMany = fmt.Errorf("there are %d passkeys already: remove one", maxPasskeys)
	// ErrNoPasskey: there is no such passkey.
	ErrNoPasskey = errors.New("there is no such passkey")
)

// Passkeys are sign-ins by passkey, at one address.
type Passkeys struct {
	book *Book
	web  *webauthn.WebAuthn
}

// NewPasskeys is for screens at an address: browsers bind each passkey to its host. Its error says why there can be none.
func NewPasskeys(book *Book, address string) (*Passkeys, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	switch host := u.Hostname(); {
	case host == "" || net.ParseIP(host) != nil:
		return nil, fmt.Errorf("passkeys need a name and no number in web.url, which is %q", address)
	case u.Scheme != "https" && host != "localhost":
		return nil, fmt.Errorf("passkeys need TLS: web.url is %q", address)
	}
	web, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Countersign", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, err
	}
	return &Passkeys{book: book, web: web}, nil
}

// owner is a person as package webauthn sees them.
type owner struct{ Person }

func (o owner) WebAuthnID() []byte          { return o.Handle }
func (o owner) WebAuthnName() string        { return o.ID }
func (o owner) WebAuthnDisplayName() string { return o.Name }
func (o owner) WebAuthnCredentials() (all []webauthn.Credential) {
	for _, k := range o.Passkeys {
		all = append(all, k.Credential)
	}
	return all
}

func handleKey(handle []byte) string { return "handle." + hex.EncodeToString(handle) }

// BeginAdd begins to add a passkey: options are for the browser, begun is what FinishAdd needs.
func (k *Passkeys) BeginAdd(ctx context.Context, id string) (options *protocol.CredentialCreation, begun []byte, err error) {
	p, err := k.withHandle(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if len(p.Passkeys) >= maxPasskeys {
		return nil, nil, ErrTooMany
	}
	known := webauthn.Credentials(owner{p}.WebAuthnCredentials()).CredentialDescriptors()
	options, data, err := k.web.BeginRegistration(owner{p}, webauthn.WithExclusions(known))
	if err != nil {
		return nil, nil, fmt.Errorf("begin a passkey: %w", err)
	}
	begun, err = json.Marshal(data)
	return options, begun, err
}

// withHandle is a person with a handle: random bytes by which a device knows them, and we them again.
func (k *Passkeys) withHandle(ctx context.Context, id string) (Person, error) {
	p, err := k.book.Get(ctx, id)
	if err != nil || p.Handle != nil {
		return p, err
	}
	handle := make([]byte, 32)
	_, _ = rand.Read(handle) // never fails
	if _, err := k.book.store.Create(ctx, handleKey(handle), []byte(p.ID), shared.Forever); err != nil {
		return Person{}, fmt.Errorf("begin a passkey: %w", err)
	}
	return k.book.Change(ctx, id, func(p *Person) error {
		if p.Handle == nil {
			p.Handle = handle
		}
		return nil
	})
}

// FinishAdd adds a passkey of the browser's answer.
func (k *Passkeys) FinishAdd(ctx context.Context, id string, begun, answer []byte, name string) (Passkey, error) {
	data, err := dataOf(begun)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, passkeyError(err)
	}
	p, err := k.book.Get(ctx, id)
	if err != nil {
		return Passkey{}, err
	}
	credential, err := k.web.CreateCredential(owner{p}, data, parsed)
	if err != nil {
		return Passkey{}, passkeyError(err)
	}
	credential.Attestation = webauthn.CredentialAttestation{} // nobody asked which device it is
	added := Passkey{Name: passkeyName(name), Created: k.book.now().UTC().Truncate(time.Second), Credential: *credential}
	_, err = k.book.Change(ctx, id, func(p *Person) error {
		if len(p.Passkeys) >= maxPasskeys {
			return ErrTooMany
		}
		p.Passkeys = append(slices.Clone(p.Passkeys), added)
		return nil
	})
	return added, err
}

func passkeyName(name string) string {
	if name = cleaned(name); name == "" {
		return "Passkey"
	}
	return name
}

// BeginSignIn begins a sign-in: options are for the browser, begun is what FinishSignIn needs. Who it is the device says.
func (k *Passkeys) BeginSignIn() (options *protocol.CredentialAssertion, begun []byte, err error) {
	options, data, err := k.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, fmt.Errorf("begin a sign-in by passkey: %w", err)
	}
	begun, err = json.Marshal(data)
	return options, begun, err
}

// FinishSignIn says who has signed in of the browser's answer, and with which passkey.
func (k *Passkeys) FinishSignIn(ctx context.Context, begun, answer []byte) (p Person, with Passkey, err error) {
	data, err := dataOf(begun)
	if err != nil {
		return Person{}, Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Person{}, Passkey{}, passkeyError(err)
	}
	var unavailable error
	find := func(_, handle []byte) (webauthn.User, error) {
		p, unavailable = k.byHandle(ctx, handle)
		if errors.Is(unavailable, ErrNobody) {
			unavailable = nil
			return nil, ErrNobody
		}
		return owner{p}, unavailable
	}
	_, credential, err := k.web.ValidatePasskeyLogin(find, data, parsed)
	switch {
	case unavailable != nil:
		return Person{}, Passkey{}, unavailable
	case err != nil:
		return Person{}, Passkey{}, passkeyError(err)
	case credential.Authenticator.CloneWarning:
		return Person{}, Passkey{}, fmt.Errorf("%w: its counter went back: there may be a copy of it", ErrPasskey)
	case p.Disabled:
		return p, Passkey{}, ErrDisabled
	}
	p, err = k.book.Change(ctx, p.ID, func(p *Person) error {
		at := slices.IndexFunc(p.Passkeys, func(known Passkey) bool { return bytes.Equal(known.Credential.ID, credential.ID) })
		if at < 0 { // removed a moment ago
			return fmt.Errorf("%w: %w", ErrPasskey, ErrNoPasskey)
		}
		p.Passkeys = slices.Clone(p.Passkeys)
		p.Passkeys[at].Credential, p.Passkeys[at].Used = *credential, k.book.now().UTC().Truncate(time.Second)
		with = p.Passkeys[at]
		return nil
	})
	return p, with, err
}

func (k *Passkeys) byHandle(ctx context.Context, handle []byte) (Person, error) {
	if len(handle) != 32 {
		return Person{}, ErrNobody
	}
	id, _, err := k.book.store.Get(ctx, handleKey(handle))
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return Person{}, ErrNobody
	case err != nil:
		return Person{}, fmt.Errorf("look up a passkey: %w", err)
	}
	return k.book.Get(ctx, string(id))
}

// RemovePasskey removes a passkey of a person by its id; "" removes all.
func (b *Book) RemovePasskey(ctx context.Context, id, passkey string) (removed []string, err error) {
	_, err = b.Change(ctx, id, func(p *Person) error {
		removed = nil
		p.Passkeys = slices.DeleteFunc(slices.Clone(p.Passkeys), func(k Passkey) bool {
			gone := passkey == "" || k.ID() == passkey
			if gone {
				removed = append(removed, k.Name)
			}
			return gone
		})
		if removed == nil {
			return ErrNoPasskey
		}
		return nil
	})
	return removed, err
}

func dataOf(begun []byte) (data webauthn.SessionData, err error) {
	if err := json.Unmarshal(begun, &data); err != nil {
		return data, fmt.Errorf("%w: nothing was begun", ErrPasskey)
	}
	return data, nil
}

// passkeyError has the details of an error of package webauthn, for a log: one line, and nothing of the answer's keys.
func passkeyError(err error) error {
	text := err.Error()
	var detailed *protocol.Error
	if errors.As(err, &detailed) {
		text = detailed.Details + " " + detailed.DevInfo
	}
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	return fmt.Errorf("%w: %s", ErrPasskey, text)
}
