package customer

import (
	"context"
	"errors"
	"io"
	"net/http"

	"countersign/session"
	"countersign/session/shared"
	"countersign/store/audit"
)

// passkeysPart is the customer's passkeys.
type passkeysPart struct {
	Keys []Passkey
	// MayAdd says that this visit may add one.
	MayAdd bool
}

// maxAnswer bounds what a browser sends of a device.
const maxAnswer = 64 << 10

func (p *Page) passkeysSection(r *http.Request, v Visit) (any, bool, error) {
	if p.Passkeys == nil || v.Level(p.Now()) < session.Verified {
		return nil, false, nil
	}
	keys, err := p.Passkeys.Of(r.Context(), v.Customer)
	if err != nil {
		return nil, true, err
	}
	may, err := p.mayAdd(r.Context(), v)
	return passkeysPart{keys, may && len(keys) < maxPasskeys}, may || len(keys) > 0, err
}

func (p *Page) hasPasskeys(ctx context.Context, customer string) (bool, error) {
	if p.Passkeys == nil {
		return false, nil
	}
	keys, err := p.Passkeys.Of(ctx, customer)
	return len(keys) > 0, err
}

// mayAdd says whether a visit is a moment in which it is known who the visitor is: the company's own log-in says so, or
// the visit belongs to a call on which they proved it, at the highest level. A link alone is not enough: whoever reads
// the customer's messages for a minute would have a key for later.
func (p *Page) mayAdd(ctx context.Context, v Visit) (bool, error) {
	switch {
	case v.Way == ByToken:
		return v.Level(p.Now()) >= session.Verified, nil
	case v.Call == "" || p.Known == nil:
		return false, nil
	}
	known, ok, err := p.Known(ctx, v.Call)
	return ok && known.Customer == v.Customer && known.Level(p.Now()) >= session.Strong, err
}

// mayAddNow refuses a visit that may not add a passkey.
func (p *Page) mayAddNow(r *http.Request, v Visit) error {
	if p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_passkeys")
	}
	switch may, err := p.mayAdd(r.Context(), v); {
	case err != nil:
		return err
	case !may:
		return refuse(http.StatusForbidden, "prove_more")
	}
	return nil
}

// passkeyBegin is POST /my/passkeys/begin, by a script.
func (p *Page) passkeyBegin(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayAddNow(r, v); err != nil {
		return err
	}
	options, begun, err := p.Passkeys.beginAdd(r.Context(), v.Customer)
	if err != nil {
		return p.passkeyError(err)
	}
	v.Begun = begun
	if err := p.visits.put(r.Context(), v); err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, options)
}

// begun reads a device's answer, and takes what it answers: no answer counts twice.
func (p *Page) begun(r *http.Request, v Visit) (answer, begun []byte, err error) {
	if answer, err = io.ReadAll(r.Body); err != nil {
		return nil, nil, refuse(http.StatusBadRequest, "passkey_refused")
	}
	begun, v.Begun = v.Begun, nil
	if begun == nil {
		return nil, nil, refuse(http.StatusForbidden, "passkey_refused")
	}
	err = p.visits.put(r.Context(), v)
	if errors.Is(err, shared.ErrConflict) {
		return nil, nil, refuse(http.StatusForbidden, "passkey_refused")
	}
	return answer, begun, err
}

// passkeyAdd is POST /my/passkeys, by a script.
func (p *Page) passkeyAdd(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayAddNow(r, v); err != nil {
		return err
	}
	answer, begun, err := p.begun(r, v)
	if err != nil {
		return err
	}
	if err := p.Passkeys.finishAdd(r.Context(), v.Customer, begun, answer); err != nil {
		return p.passkeyError(err)
	}
	if err := p.Audit(r.Context(), v.Customer, audit.PasskeyAdded, "by "+string(v.Way)); err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, map[string]string{"to": "/my"})
}

// passkeyRemove is POST /my/passkeys/{passkey}/remove.
func (p *Page) passkeyRemove(w http.ResponseWriter, r *http.Request, v Visit) error {
	switch {
	case p.Passkeys == nil:
		return refuse(http.StatusNotFound, "no_passkeys")
	case v.Level(p.Now()) < session.Verified:
		return refuse(http.StatusForbidden, "prove_more")
	}
	if err := p.Passkeys.remove(r.Context(), v.Customer, r.PathValue("passkey")); err != nil {
		return p.passkeyError(err)
	}
	if err := p.Audit(r.Context(), v.Customer, audit.PasskeyRemoved, "by "+string(v.Way)); err != nil {
		return err
	}
	http.Redirect(w, r, "/my", http.StatusSeeOther)
	return nil
}

// passkeyError logs why, and says to the customer what to do.
func (p *Page) passkeyError(err error) error {
	switch {
	case errors.Is(err, errPasskey):
		p.Log.Warn("a customer's passkey was refused", "err", err)
		return refuse(http.StatusForbidden, "passkey_refused")
	case errors.Is(err, errPasskeys):
		return refuse(http.StatusConflict, "too_many_passkeys")
	case errors.Is(err, errNoPasskey):
		return refuse(http.StatusNotFound, "passkey_gone")
	}
	return err
}
