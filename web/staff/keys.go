package staff

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/apikeys"
)

// SettingsKey is a key of the settings, which is shown and cannot be changed here.
type SettingsKey struct {
	Name   string
	Scopes []access.Scope
}

type keysPage struct {
	All      []apikeys.Key
	Settings []SettingsKey
	Add      keyPage
}

// keyPage is one key.
type keyPage struct {
	apikeys.Key
	// Secret was just made; it is shown once.
	Secret string
	// Graces are the choices for a rotation.
	Graces []string
}

// graces are how long an old key can stay good.
func graces() []string { return []string{"0s", "1h", "24h", "168h", "720h"} }

// Holds says whether the key has the scope.
func (p keyPage) Holds(scope access.Scope) bool {
	for _, s := range p.Scopes {
		if s == scope {
			return true
		}
	}
	return false
}

// Scopes are all scopes.
func (p page) Scopes() []access.Scope { return access.Scopes() }

// Since is the version of a key that a form is about.
func (p keyPage) Since() string { return p.Sum[:min(12, len(p.Sum))] }

func (p *Pages) keys(w http.ResponseWriter, r *http.Request) error {
	shown, err := p.keysPage(r, keyPage{})
	if err != nil {
		return err
	}
	return p.show(w, r, "keys", shown)
}

func (p *Pages) keysPage(r *http.Request, add keyPage) (keysPage, error) {
	if p.Keys == nil {
		return keysPage{}, refuse(http.StatusServiceUnavailable, "not_here")
	}
	all, err := p.Keys.All(r.Context())
	if err != nil {
		return keysPage{}, p.keyError(err)
	}
	return keysPage{All: all, Settings: p.SettingsKeys(), Add: add}, nil
}

// keyError is an error of the keys as a person sees it.
func (p *Pages) keyError(err error) error {
	switch {
	case errors.Is(err, apikeys.ErrNone):
		return refuse(http.StatusNotFound, "key_gone")
	case errors.Is(err, apikeys.ErrExists):
		return refuse(http.StatusConflict, "key_exists")
	case errors.Is(err, apikeys.ErrGrace):
		return refuse(http.StatusBadRequest, "bad_form")
	}
	return p.peopleError(err)
}

// formScopes are the scopes that a form has ticked.
func formScopes(r *http.Request) (scopes []access.Scope) {
	for _, s := range access.Scopes() {
		if r.PostForm.Get("scope_"+string(s)) != "" {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

func (p *Pages) addKey(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	wanted := apikeys.Key{Name: strings.ToLower(strings.TrimSpace(r.PostForm.Get("name"))), Scopes: formScopes(r)}
	form := keyPage{Key: wanted}
	shown, err := p.keysPage(r, form)
	if err != nil {
		return err
	}
	if err := wanted.Check(); err != nil {
		return p.keyProblem(w, r, "keys", shown, err)
	}
	k, secret, err := p.Keys.Add(r.Context(), wanted.Name, wanted.Scopes)
	if err != nil {
		return p.keyError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, audit.KeyAdded, "key "+k.Name, apikeys.ScopesText(k))
	return p.show(w, r, "key", keyPage{Key: k, Secret: secret, Graces: graces()})
}

// keyProblem shows a form again with what is wrong.
func (p *Pages) keyProblem(w http.ResponseWriter, r *http.Request, name string, data any, err error) error {
	shown := p.page(r, data)
	shown.Problem = shown.T("person_wrong") + " " + err.Error()
	return p.write(w, r, http.StatusUnprocessableEntity, name, shown)
}

// theKey is the key of a page.
func (p *Pages) theKey(r *http.Request) (keyPage, error) {
	if p.Keys == nil {
		return keyPage{}, refuse(http.StatusServiceUnavailable, "not_here")
	}
	k, err := p.Keys.Get(r.Context(), r.PathValue("key"))
	if err != nil {
		return keyPage{}, p.keyError(err)
	}
	return keyPage{Key: k, Graces: graces()}, nil
}

func (p *Pages) key(w http.ResponseWriter, r *http.Request) error {
	shown, err := p.theKey(r)
	if err != nil {
		return err
	}
	return p.show(w, r, "key", shown)
}

func (p *Pages) changeKey(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	shown, err := p.theKey(r)
	if err != nil {
		return err
	}
	shown.Scopes = formScopes(r)
	if err := shown.Check(); err != nil {
		return p.keyProblem(w, r, "key", shown, err)
	}
	k, err := p.Keys.SetScopes(r.Context(), shown.Name, shown.Scopes)
	if err != nil {
		return p.keyError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, audit.KeyChanged, "key "+k.Name, apikeys.ScopesText(k))
	http.Redirect(w, r, "/keys", http.StatusSeeOther)
	return nil
}

func (p *Pages) rotateKey(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	shown, err := p.theKey(r)
	if err != nil {
		return err
	}
	grace, err := time.ParseDuration(cmp.Or(r.PostForm.Get("grace"), "24h"))
	if err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	if r.PostForm.Get("since") != shown.Since() { // such as a page that was loaded again
		return refuse(http.StatusConflict, "key_rotated_meanwhile")
	}
	k, secret, err := p.Keys.Rotate(r.Context(), shown.Name, grace)
	if err != nil {
		return p.keyError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, audit.KeyRotated, "key "+k.Name, "the old one is good for "+grace.String())
	return p.show(w, r, "key", keyPage{Key: k, Secret: secret, Graces: graces()})
}

func (p *Pages) revokeKey(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	shown, err := p.theKey(r)
	if err != nil {
		return err
	}
	if r.PostForm.Get("sure") == "" {
		return refuse(http.StatusUnprocessableEntity, "key_revoke_unsure")
	}
	if err := p.Keys.Revoke(r.Context(), shown.Name); err != nil {
		return p.keyError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, audit.KeyRevoked, "key "+shown.Name, "")
	http.Redirect(w, r, "/keys", http.StatusSeeOther)
	return nil
}
