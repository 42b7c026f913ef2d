package customer

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

// Passkey is a key pair of a customer's device, of which we know the public half (WebAuthn).
type Passkey struct {
	Created time.Time `json:"created"`
	// Used is when it was used last; zero: not yet.
	Used       time.Time           `json:"used,omitzero"`
	Credential webauthn.Credential `json:"credential"`
}

// ID is the passkey's id, for an address.
func (k Passkey) ID() string { return hex.EncodeToString(k.Credential.ID) }

// maxPasskeys bounds those of a customer (docs/policy.md#customers-page).
const maxPasskeys = 10

// Errors of passkeys.
var (
	errPasskey   = errors.New("this passkey does not count")
	errPasskeys  = fmt.Errorf("there are %d passkeys already", maxPasskeys)
	errNoPasskey = errors.New("there is no such passkey")
)

// Passkeys are those of customers, of all machines, at one address. Any goroutine may use them.
type Passkeys struct {
	store shared.Store
	web   *webauthn.WebAuthn
	now   func() time.Time
}

// NewPasskeys is for a page at an address: browsers bind each passkey to its host. brand is the company's name. Its error
// says why there can be none.
func NewPasskeys(store shared.Store, address, brand string, now func() time.Time) (*Passkeys, error) {
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
		RPID: u.Hostname(), RPDisplayName: brand, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, err
	}
	return &Passkeys{store, web, now}, nil
}

// owner is a customer with their passkeys, as they are stored. It has no name: devices show "brand" alone.
type owner struct {
	Customer string    `json:"customer"`
	Handle   []byte    `json:"handle"`
	Keys     []Passkey `json:"keys"`
}

func (o owner) WebAuthnID() []byte          { return o.Handle }
func (o owner) WebAuthnName() string        { return hex.EncodeToString(o.Handle[:4]) }
func (o owner) WebAuthnDisplayName() string { return o.WebAuthnName() }
func (o owner) WebAuthnCredentials() (all []webauthn.Credential) {
	for _, k := range o.Keys {
		all = append(all, k.Credential)
	}
	return all
}

func (k *Passkeys) get(ctx context.Context, customer string) (o owner, revision uint64, err error) {
	value, revision, err := k.store.Get(ctx, hashed("passkeys", customer))
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return owner{Customer: customer}, 0, nil
	case err != nil:
		return owner{}, 0, fmt.Errorf("look up passkeys: %w", err)
	}
	if err := json.Unmarshal(value, &o); err != nil {
		return owner{}, 0, fmt.Errorf("look up passkeys: %w", err)
	}
	return o, revision, nil
}

// change changes a customer's passkeys, all or nothing. An error of to is returned as it is.
func (k *Passkeys) change(ctx context.Context, customer string, to func(*owner) error) (owner, error) {
	for range 5 {
		o, revision, err := k.get(ctx, customer)
		if err != nil {
			return owner{}, err
		}
		if err := to(&o); err != nil {
			return owner{}, err
		}
		value, err := json.Marshal(o)
		if err != nil {
			return owner{}, err
		}
		if revision == 0 {
			_, err = k.store.Create(ctx, hashed("passkeys", customer), value, shared.Forever)
		} else {
			_, err = k.store.Update(ctx, hashed("passkeys", customer), value, revision, shared.Forever)
		}
		if !errors.Is(err, shared.ErrConflict) {
			return o, err
		}
	}
	return owner{}, fmt.Errorf("change passkeys: %w", shared.ErrConflict)
}

// Of are a customer's passkeys.
func (k *Passkeys) Of(ctx context.Context, customer string) ([]Passkey, error) {
	o, _, err := k.get(ctx, customer)
	return o.Keys, err
}

// beginAdd begins to add a passkey: options are for the browser, begun is what finishAdd needs.
func (k *Passkeys) beginAdd(ctx context.Context, customer string) (options any, begun []byte, err error) {
	o, err := k.change(ctx, customer, func(o *owner) error {
		if len(o.Keys) >= maxPasskeys {
			return errPasskeys
		}
		if o.Handle == nil { // random bytes by which a device knows the customer
			o.Handle = make([]byte, 32)
			_, _ = rand.Read(o.Handle) // never fails
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	known := webauthn.Credentials(o.WebAuthnCredentials()).CredentialDescriptors()
	creation, data, err := k.web.BeginRegistration(o, webauthn.WithExclusions(known))
	if err != nil {
		return nil, nil, fmt.Errorf("begin a passkey: %w", err)
	}
	begun, err = json.Marshal(data)
	return creation, begun, err
}

// finishAdd adds a passkey of the browser's answer.
func (k *Passkeys) finishAdd(ctx context.Context, customer string, begun, answer []byte) error {
	data, err := dataOf(begun)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return passkeyError(err)
	}
	o, _, err := k.get(ctx, customer)
	if err != nil {
		return err
	}
	credential, err := k.web.CreateCredential(o, data, parsed)
	if err != nil {
		return passkeyError(err)
	}
	credential.Attestation = webauthn.CredentialAttestation{} // nobody asked which device it is
	added := Passkey{Created: k.now().UTC().Truncate(time.Second), Credential: *credential}
	_, err = k.change(ctx, customer, func(o *owner) error {
		if len(o.Keys) >= maxPasskeys {
			return errPasskeys
		}
		o.Keys = append(o.Keys, added)
		return nil
	})
	return err
}

// beginUse begins to use one of the customer's passkeys: options are for the browser, begun is what finishUse needs.
func (k *Passkeys) beginUse(ctx context.Context, customer string) (options any, begun []byte, err error) {
	o, _, err := k.get(ctx, customer)
	switch {
	case err != nil:
		return nil, nil, err
	case len(o.Keys) == 0:
		return nil, nil, errNoPasskey
	}
	assertion, data, err := k.web.BeginLogin(o, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, fmt.Errorf("begin to use a passkey: %w", err)
	}
	begun, err = json.Marshal(data)
	return assertion, begun, err
}

// finishUse checks the browser's answer: one of the customer's passkeys, whose device has checked who holds it.
func (k *Passkeys) finishUse(ctx context.Context, customer string, begun, answer []byte) error {
	data, err := dataOf(begun)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return passkeyError(err)
	}
	o, _, err := k.get(ctx, customer)
	if err != nil {
		return err
	}
	credential, err := k.web.ValidateLogin(o, data, parsed)
	switch {
	case err != nil:
		return passkeyError(err)
	case !credential.Flags.UserVerified:
		return fmt.Errorf("%w: the device has not checked who holds it", errPasskey)
	case credential.Authenticator.CloneWarning:
		return fmt.Errorf("%w: its counter went back: there may be a copy of it", errPasskey)
	}
	_, err = k.change(ctx, customer, func(o *owner) error {
		at := slices.IndexFunc(o.Keys, func(known Passkey) bool { return bytes.Equal(known.Credential.ID, credential.ID) })
		if at < 0 { // removed a moment ago
			return errPasskey
		}
		o.Keys[at].Credential, o.Keys[at].Used = *credential, k.now().UTC().Truncate(time.Second)
		return nil
	})
	return err
}

// remove removes a passkey by its id.
func (k *Passkeys) remove(ctx context.Context, customer, id string) error {
	_, err := k.change(ctx, customer, func(o *owner) error {
		before := len(o.Keys)
		o.Keys = slices.DeleteFunc(o.Keys, func(k Passkey) bool { return k.ID() == id })
		if len(o.Keys) == before {
			return errNoPasskey
		}
		return nil
	})
	return err
}

func dataOf(begun []byte) (data webauthn.SessionData, err error) {
	if err := json.Unmarshal(begun, &data); err != nil {
		return data, fmt.Errorf("%w: nothing was begun", errPasskey)
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
	return fmt.Errorf("%w: %s", errPasskey, text)
}
