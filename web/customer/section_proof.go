package customer

import (
	"context"
	"errors"
	"net/http"

	"countersign/session/applink"
)

// proofPart is what a call asks.
type proofPart struct {
	applink.Question
	// Left is how many more wrong digits it takes. Passkeys says that the customer has some.
	Left     int
	Passkeys bool
}

// asks says whether the visit belongs to a call that asks.
func (p *Page) asks(v Visit) bool { return p.Proofs != nil && v.Purpose == ForProof && v.Call != "" }

func (p *Page) proofSection(r *http.Request, v Visit) (any, bool, error) {
	if !p.asks(v) {
		return nil, false, nil
	}
	q, err := p.Proofs.Show(r.Context(), v.Customer, v.Call)
	if errors.Is(err, applink.ErrOver) { // answered, or too late
		if q, err = p.Proofs.Look(r.Context(), v.Customer, v.Call); errors.Is(err, applink.ErrOver) {
			q, err = applink.Question{State: applink.Over}, nil
		}
	}
	if err != nil {
		return nil, true, err
	}
	part := proofPart{Question: q, Left: applink.Tries - q.Wrong}
	if q.State == applink.Entered {
		part.Passkeys, err = p.hasPasskeys(r.Context(), v.Customer)
	}
	return part, true, err
}

// answer changes a call's question, and leads back to the page, which says how it is now.
func (p *Page) answer(
	w http.ResponseWriter, r *http.Request, v Visit,
	how func(ctx context.Context, customer, call string) (applink.Question, error),
) (q applink.Question, err error) {
	if !p.asks(v) {
		return q, refuse(http.StatusNotFound, "no_question")
	}
	q, err = how(r.Context(), v.Customer, v.Call)
	if err != nil && !errors.Is(err, applink.ErrOver) {
		return q, err
	}
	http.Redirect(w, r, "/my", http.StatusSeeOther)
	return q, err
}

// proofDigits is POST /my/proof/digits. Without a passkey nothing else is asked.
func (p *Page) proofDigits(w http.ResponseWriter, r *http.Request, v Visit) error {
	digits := r.PostFormValue("digits")
	_, err := p.answer(w, r, v, func(ctx context.Context, customer, call string) (applink.Question, error) {
		q, err := p.Proofs.Enter(ctx, customer, call, digits)
		if err != nil || q.State != applink.Entered {
			return q, err
		}
		if has, err := p.hasPasskeys(ctx, customer); has || err != nil {
			return q, err
		}
		return p.Proofs.Confirm(ctx, customer, call, false)
	})
	return overIsNoError(err)
}

// overIsNoError: the page itself says that a question is over.
func overIsNoError(err error) error {
	if errors.Is(err, applink.ErrOver) {
		return nil
	}
	return err
}

// proofConfirm is POST /my/proof/confirm: without a passkey, although there is one.
func (p *Page) proofConfirm(w http.ResponseWriter, r *http.Request, v Visit) error {
	_, err := p.answer(w, r, v, func(ctx context.Context, customer, call string) (applink.Question, error) {
		return p.Proofs.Confirm(ctx, customer, call, false)
	})
	return overIsNoError(err)
}

// proofDeny is POST /my/proof/deny: «No, somebody called me». It raises an alarm even if the call is over.
func (p *Page) proofDeny(w http.ResponseWriter, r *http.Request, v Visit) error {
	q, err := p.answer(w, r, v, p.Proofs.Deny)
	if err == nil && q.State == applink.Denied {
		p.Alarm(context.WithoutCancel(r.Context()), q)
	}
	return overIsNoError(err)
}

// proofPasskeyBegin is POST /my/proof/passkey/begin, by a script.
func (p *Page) proofPasskeyBegin(w http.ResponseWriter, r *http.Request, v Visit) error {
	if !p.asks(v) || p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_question")
	}
	switch q, err := p.Proofs.Look(r.Context(), v.Customer, v.Call); {
	case errors.Is(err, applink.ErrOver), err == nil && q.State != applink.Entered:
		return refuse(http.StatusConflict, "proof_over")
	case err != nil:
		return err
	}
	options, begun, err := p.Passkeys.beginUse(r.Context(), v.Customer)
	if err != nil {
		return p.passkeyError(err)
	}
	v.Begun = begun
	if err := p.visits.put(r.Context(), v); err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, options)
}

// proofPasskey is POST /my/proof/passkey, by a script: what the device has signed.
func (p *Page) proofPasskey(w http.ResponseWriter, r *http.Request, v Visit) error {
	if !p.asks(v) || p.Passkeys == nil {
		return refuse(http.StatusNotFound, "no_question")
	}
	answer, begun, err := p.begun(r, v)
	if err != nil {
		return err
	}
	if err := p.Passkeys.finishUse(r.Context(), v.Customer, begun, answer); err != nil {
		return p.passkeyError(err)
	}
	switch _, err := p.Proofs.Confirm(r.Context(), v.Customer, v.Call, true); {
	case errors.Is(err, applink.ErrOver):
		return refuse(http.StatusConflict, "proof_over")
	case err != nil:
		return err
	}
	return answerJSON(w, http.StatusOK, map[string]string{"to": "/my"})
}
