package staff

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
)

// Kinds of what a browser has begun.
const (
	passkeySignIn = "passkey"
	passkeyAdded  = "new passkey"
)

// maxAnswer bounds what a browser sends of a device.
const maxAnswer = 64 << 10

// beginPasskey begins a sign-in by passkey. A browser's script asks for it.
func (p *Pages) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	if p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_passkeys_here")
	}
	if !p.mayBegin(r) {
		return refuse(http.StatusTooManyRequests, "too_busy")
	}
	options, begun, err := p.Passkeys.BeginSignIn()
	if err != nil {
		return err
	}
	if err := p.Sessions.Begin(r.Context(), passkeySignIn, begun); err != nil {
		return p.peopleError(err)
	}
	return answerJSON(w, http.StatusOK, options)
}

// latest takes what a browser began last.
func latest([]byte) bool { return true }

// finishPasskey signs somebody in, and says where to go on.
func (p *Pages) finishPasskey(w http.ResponseWriter, r *http.Request) error {
	if p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_passkeys_here")
	}
	answer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	if err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	begun, ok := p.Sessions.Take(r.Context(), passkeySignIn, latest)
	if !ok {
		return p.passkeyError(r, people.ErrPasskey)
	}
	person, with, err := p.Passkeys.FinishSignIn(r.Context(), begun, answer)
	if err != nil {
		return p.passkeyError(r, err)
	}
	if err := p.notAtProvider(person); err != nil {
		return err
	}
	if err := p.beginSession(w, r, person, "passkey "+with.Name); err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, map[string]string{"to": nextOf(r, homeOf(person.Who()))})
}

// passkeyError logs why, and says to the person what to do.
func (p *Pages) passkeyError(r *http.Request, err error) error {
	switch {
	case errors.Is(err, people.ErrPasskey):
		p.Log.Warn("passkey refused", "from", from(r), "err", err)
		return refuse(http.StatusForbidden, "passkey_refused")
	case errors.Is(err, people.ErrTooMany):
		return refuse(http.StatusConflict, "too_many_passkeys")
	case errors.Is(err, people.ErrNoPasskey):
		return refuse(http.StatusNotFound, "passkey_gone")
	}
	return p.peopleError(err)
}

// addingPasskey is what a browser sends to add a passkey.
type addingPasskey struct {
	Present    string          `json:"present"`
	Name       string          `json:"name"`
	Credential json.RawMessage `json:"credential"`
}

func readAdding(w http.ResponseWriter, r *http.Request) (in addingPasskey, err error) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAnswer)).Decode(&in); err != nil {
		return in, refuse(http.StatusBadRequest, "bad_form")
	}
	return in, nil
}

// beginAddPasskey begins to add a passkey for somebody who knows the present password: a screen that was left open must
// give nobody a key for later.
func (p *Pages) beginAddPasskey(w http.ResponseWriter, r *http.Request) error {
	if p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_passkeys_here")
	}
	in, err := readAdding(w, r)
	if err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	person, err := p.Book.Get(r.Context(), who.ID)
	if err != nil {
		return p.peopleError(err)
	}
	if err := p.notAtProvider(person); err != nil {
		return err
	}
	switch err := p.Book.Confirms(r.Context(), &p.tries, who.ID, in.Present); {
	case errors.Is(err, people.ErrPassword):
		return refuse(http.StatusUnprocessableEntity, "wrong_present_password")
	case err != nil:
		return p.peopleError(err)
	}
	options, begun, err := p.Passkeys.BeginAdd(r.Context(), who.ID)
	if err != nil {
		return p.passkeyError(r, err)
	}
	if err := p.Sessions.Begin(r.Context(), passkeyAdded, begun); err != nil {
		return p.peopleError(err)
	}
	return answerJSON(w, http.StatusOK, options)
}

func (p *Pages) addPasskey(w http.ResponseWriter, r *http.Request) error {
	if p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_passkeys_here")
	}
	in, err := readAdding(w, r)
	if err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	begun, ok := p.Sessions.Take(r.Context(), passkeyAdded, latest)
	if !ok {
		return p.passkeyError(r, people.ErrPasskey)
	}
	added, err := p.Passkeys.FinishAdd(r.Context(), who.ID, begun, in.Credential, in.Name)
	if err != nil {
		return p.passkeyError(r, err)
	}
	p.note(r, who.ID, audit.PasskeyAdded, "person "+who.ID, added.Name)
	return answerJSON(w, http.StatusOK, map[string]string{"to": "/me"})
}

func (p *Pages) removePasskey(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	removed, err := p.Book.RemovePasskey(r.Context(), who.ID, r.PathValue("passkey"))
	if err != nil {
		return p.passkeyError(r, err)
	}
	p.note(r, who.ID, audit.PasskeyRemoved, "person "+who.ID, strings.Join(removed, ", "))
	http.Redirect(w, r, "/me", http.StatusSeeOther)
	return nil
}

// removePasskeys removes all passkeys of a person whose device is lost.
func (p *Pages) removePasskeys(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	id := r.PathValue("id")
	removed, err := p.Book.RemovePasskey(r.Context(), id, "")
	if err != nil {
		return p.passkeyError(r, err)
	}
	p.note(r, who.ID, audit.PasskeyRemoved, "person "+id, strings.Join(removed, ", "))
	http.Redirect(w, r, "/people/"+id, http.StatusSeeOther)
	return nil
}

func answerJSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
	return nil
}

// handleScript is handle for what scripts ask: what went wrong is JSON, too.
func (p *Pages) handleScript(h handler) http.Handler {
	return p.handle(func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		var refused *refusal
		if !errors.As(err, &refused) {
			return err
		}
		shown := p.page(r, nil)
		return answerJSON(w, refused.status, map[string]string{"problem": shown.T(refused.text, refused.args...)})
	})
}
