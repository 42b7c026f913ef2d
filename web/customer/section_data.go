package customer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"countersign/session"
	"countersign/session/shared"
	"countersign/store/audit"
)

// Records are what is on record about customers.
type Records interface {
	// Of is all that is on record about a customer, but for secrets, to be written as JSON.
	Of(ctx context.Context, customer string) (any, error)
}

// erasure is a customer's wish to be erased. An operator does it: countersign customers erase.
type erasure struct {
	Customer string    `json:"customer"`
	At       time.Time `json:"at"`
}

// erasureKept is how long the page says that it was asked for; erasing removes it.
const erasureKept = 90 * 24 * time.Hour

// dataPart is what the section shows.
type dataPart struct {
	// Asked is when erasure was asked for; zero if it was not.
	Asked time.Time
}

func (p *Page) dataSection(r *http.Request, v Visit) (any, bool, error) {
	if p.Records == nil || v.Level(p.Now()) < session.Verified {
		return nil, false, nil
	}
	asked, err := p.erasureOf(r.Context(), v.Customer)
	return dataPart{asked.At}, true, err
}

func (p *Page) erasureOf(ctx context.Context, customer string) (e erasure, err error) {
	value, _, err := p.Store.Get(ctx, hashed("erasure", customer))
	if errors.Is(err, shared.ErrNotFound) {
		return erasure{}, nil
	}
	if err == nil {
		err = json.Unmarshal(value, &e)
	}
	return e, err
}

// mayHaveData refuses a visit that has proven too little for data, and one where there are none.
func (p *Page) mayHaveData(v Visit) error {
	switch {
	case p.Records == nil:
		return refuse(http.StatusNotFound, "no_data")
	case v.Level(p.Now()) < session.Verified:
		return refuse(http.StatusForbidden, "prove_more")
	}
	return nil
}

// export is GET /my/data.
func (p *Page) export(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayHaveData(v); err != nil {
		return err
	}
	all, err := p.Records.Of(r.Context(), v.Customer)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := p.Audit(r.Context(), v.Customer, audit.Exported, "own data, by "+string(v.Way)); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="my-data.json"`)
	_, _ = w.Write(append(body, '\n'))
	return nil
}

// erasureForm is GET /my/erasure: what would be erased, and a button.
func (p *Page) erasureForm(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayHaveData(v); err != nil {
		return err
	}
	return p.write(w, http.StatusOK, "erasure", p.shownTo(r))
}

// askErasure is POST /my/erasure.
func (p *Page) askErasure(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayHaveData(v); err != nil {
		return err
	}
	if r.PostFormValue("sure") != "yes" {
		return refuse(http.StatusUnprocessableEntity, "erasure_unsure")
	}
	value, err := json.Marshal(erasure{v.Customer, p.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	_, err = p.Store.Create(r.Context(), hashed("erasure", v.Customer), value, erasureKept)
	switch {
	case errors.Is(err, shared.ErrConflict): // asked before
	case err != nil:
		return err
	default:
		p.Log.Warn("a customer asks to be erased, run countersign customers erase", "customer", v.Customer)
		if err := p.Audit(r.Context(), v.Customer, audit.ErasureAsked, "by "+string(v.Way)); err != nil {
			return err
		}
	}
	http.Redirect(w, r, "/my", http.StatusSeeOther)
	return nil
}
