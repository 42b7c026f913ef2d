package web

import (
	"cmp"
	"net/http"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/apikeys"
)

// listedKey is a key of the API without its secret.
type listedKey struct {
	Name     string         `json:"name"`
	Scopes   []access.Scope `json:"scopes"`
	Settings bool           `json:"settings"`
	Created  *time.Time     `json:"created,omitempty"`
	// Used is the day of the last use (UTC).
	Used string `json:"used,omitempty"`
	// OldUntil is how long the key before the last rotation is good.
	OldUntil *time.Time `json:"old_until,omitempty"`
	// Secret is the key itself, once.
	Secret string `json:"key,omitempty"`
}

func (a *api) listedKey(k apikeys.Key, secret string) listedKey {
	l := listedKey{Name: k.Name, Scopes: emptyIfNil(k.Scopes), Created: &k.Created, Used: k.Used, Secret: secret}
	if k.OldIsGood(a.Now()) {
		l.OldUntil = &k.OldUntil
	}
	return l
}

func (a *api) keys(w http.ResponseWriter, r *http.Request, in *Administration) error {
	all, err := in.Keys.All(r.Context())
	if err != nil {
		return stateError(err)
	}
	shown := []listedKey{}
	for _, k := range a.APIKeys() {
		shown = append(shown, listedKey{Name: k.Name, Scopes: emptyIfNil(k.Scopes), Settings: true})
	}
	for _, k := range all {
		shown = append(shown, a.listedKey(k, ""))
	}
	return answer(w, http.StatusOK, map[string]any{"keys": shown})
}

func (a *api) addKey(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var wanted struct {
		Name   string         `json:"name"`
		Scopes []access.Scope `json:"scopes"`
	}
	if err := readJSON(w, r, &wanted, `{"name": "app", "scopes": ["tokens"]}`); err != nil {
		return err
	}
	if err := (apikeys.Key{Name: wanted.Name, Scopes: wanted.Scopes}).Check(); err != nil {
		return badRequest("The key is wrong: " + err.Error() + ".")
	}
	k, secret, err := in.Keys.Add(r.Context(), wanted.Name, wanted.Scopes)
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.KeyAdded, "key "+k.Name, apikeys.ScopesText(k))
	return answer(w, http.StatusCreated, a.listedKey(k, secret))
}

func (a *api) changeKey(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var wanted struct {
		Scopes []access.Scope `json:"scopes"`
	}
	if err := readJSON(w, r, &wanted, `{"scopes": ["tokens"]}`); err != nil {
		return err
	}
	name := r.PathValue("key")
	if err := (apikeys.Key{Name: name, Scopes: wanted.Scopes}).Check(); err != nil {
		return badRequest("The key is wrong: " + err.Error() + ".")
	}
	k, err := in.Keys.SetScopes(r.Context(), name, wanted.Scopes)
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.KeyChanged, "key "+k.Name, apikeys.ScopesText(k))
	return answer(w, http.StatusOK, a.listedKey(k, ""))
}

func (a *api) rotateKey(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var body struct {
		Grace string `json:"grace"`
	}
	if err := readJSON(w, r, &body, `{"grace": "24h"}, how long the old key stays good`); err != nil {
		return err
	}
	grace, err := time.ParseDuration(cmp.Or(body.Grace, "24h"))
	if err != nil {
		return badRequest(`"grace" must be how long the old key stays good, such as 24h.`)
	}
	k, secret, err := in.Keys.Rotate(r.Context(), r.PathValue("key"), grace)
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.KeyRotated, "key "+k.Name, "the old one is good for "+grace.String())
	return answer(w, http.StatusOK, a.listedKey(k, secret))
}

func (a *api) revokeKey(w http.ResponseWriter, r *http.Request, in *Administration) error {
	name := r.PathValue("key")
	if err := in.Keys.Revoke(r.Context(), name); err != nil {
		return stateError(err)
	}
	a.audited(r, audit.KeyRevoked, "key "+name, "")
	return answer(w, http.StatusOK, map[string]string{"revoked": name})
}
