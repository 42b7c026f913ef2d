package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"countersign/session/shared"
	"countersign/web/access"
)

// NoLine in the lines of a person stands for none at all, as no lines stand for every one. No line can have this name.
const NoLine = "-"

// Identity is who an identity provider says somebody is.
type Identity struct {
	Issuer, Subject string
	// Email is theirs only if the provider has checked that.
	Email string
	Name  string
	// Locale is their language, such as de-AT, or "".
	Locale string
	// Roles and Lines are what their groups give; otherwise what an admin gave them stays.
	SetsRoles, SetsLines bool
	Roles                []access.Role
	Lines                []string
}

// subject is the hash of who it is at which provider: nobody else's subject, of this provider or another, is the same.
func (i Identity) subject() string {
	sum := sha256.Sum256([]byte(i.Issuer + "\x00" + i.Subject))
	return hex.EncodeToString(sum[:])
}

// SignInWith finds or makes the person of an identity, and brings them up to date. An identity with a checked e-mail
// address is the person with this id, if no other identity is: so an admin can add people first. made says that the
// person is new, linked that they were there without an identity. ErrDisabled: they may not sign in.
func (b *Book) SignInWith(ctx context.Context, i Identity) (p Person, made, linked bool, err error) {
	id, err := b.personOf(ctx, i)
	if errors.Is(err, ErrNobody) {
		id, made, linked, err = b.admit(ctx, i)
	}
	if err != nil {
		return Person{}, false, false, err
	}
	p, err = b.update(ctx, id, i)
	if err == nil && p.Disabled {
		err = ErrDisabled
	}
	return p, made, linked, err
}

// ErrDisabled: the person may not sign in.
var ErrDisabled = errors.New("this account is disabled")

func subjectKey(subject string) string { return "subject." + subject }

// personOf is the id of the person whom an identity belongs to.
func (b *Book) personOf(ctx context.Context, i Identity) (string, error) {
	value, _, err := b.store.Get(ctx, subjectKey(i.subject()))
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return "", ErrNobody
	case err != nil:
		return "", fmt.Errorf("look up an identity: %w", err)
	}
	p, err := b.Get(ctx, string(value))
	if err != nil || p.Subject != i.subject() {
		return "", errors.Join(err, ErrNobody)
	}
	return p.ID, nil
}

// admit binds an identity to a person for good.
func (b *Book) admit(ctx context.Context, i Identity) (id string, made, linked bool, err error) {
	for _, id = range i.ids() {
		made, linked, err = b.bind(ctx, id, i)
		if !errors.Is(err, ErrExists) {
			break
		}
	}
	if err != nil {
		return "", false, false, err
	}
	_, err = b.store.Create(ctx, subjectKey(i.subject()), []byte(id), shared.Forever)
	if err != nil && !errors.Is(err, shared.ErrConflict) {
		return "", false, false, fmt.Errorf("remember an identity: %w", err)
	}
	return id, made, linked, nil
}

// ids are the ids that an identity may have: a checked e-mail address, or a word of its own.
func (i Identity) ids() (ids []string) {
	if email := normal(i.Email); strings.Contains(email, "@") && isID(email) {
		ids = append(ids, email)
	}
	return append(ids, "sso-"+i.subject()[:16])
}

// bind makes the person with an id that of the identity. ErrExists: the id is somebody else's.
func (b *Book) bind(ctx context.Context, id string, i Identity) (made, linked bool, err error) {
	p := Person{ID: id, Name: id, Subject: i.subject()}
	if _, err = b.Add(ctx, p); !errors.Is(err, ErrExists) {
		return err == nil, false, err
	}
	_, err = b.Change(ctx, id, func(p *Person) error {
		switch p.Subject {
		case i.subject(): // bound a moment ago
		case "":
			linked, p.Subject = true, i.subject()
		default:
			return ErrExists
		}
		return nil
	})
	return false, linked && err == nil, err
}

// update brings a person up to date with what the provider says.
func (b *Book) update(ctx context.Context, id string, i Identity) (Person, error) {
	p, err := b.Get(ctx, id)
	if err != nil {
		return Person{}, err
	}
	if fresh := i.of(p); sameAs(fresh, p) {
		return p, nil
	}
	p, err = b.Change(ctx, id, func(p *Person) error { *p = i.of(*p); return nil })
	if errors.Is(err, ErrLastAdmin) { // somebody must be able to let others in
		i.SetsRoles = false
		p, err = b.Change(ctx, id, func(p *Person) error { *p = i.of(*p); return nil })
	}
	return p, err
}

// of is the person with what the provider says.
func (i Identity) of(p Person) Person {
	if name := cleaned(i.Name); name != "" {
		p.Name = name
	}
	if i.SetsRoles {
		p.Roles = i.Roles
	}
	if i.SetsLines {
		p.Lines = i.Lines
	}
	if language, _, _ := strings.Cut(strings.ToLower(i.Locale), "-"); p.Language == "" && (language == "en" || language == "de") {
		p.Language = language
	}
	return p
}

func sameAs(a, b Person) bool {
	return a.Name == b.Name && a.Language == b.Language && slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Lines, b.Lines)
}

// cleaned is a name without control characters, of a length that fits.
func cleaned(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	for len(name) > maxText {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return name
}
