package staff

import (
	"errors"
	"net/http"
	"slices"

	"countersign/freeswitch"
	"countersign/lines"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/tryout"
)

// Telephones are calls to drafts, from the browser or from somebody's own telephone. tryout.ErrOver: there is no such call
// any more.
type Telephones interface {
	CanRing() bool
	RingOn(person, telephone, text string, known bool) (id string, err error)
	Ring(person, text string, known bool) (id string, err error)
	Look(person, id string) (tryout.View, error)
	Press(person, id, keys string) error
	HangUp(person, id string) error
}

// tryPage is a telephone with which somebody calls a draft.
type tryPage struct {
	linePage
	// Call is the call; nil before it.
	Call *tryout.View
	// CanRing: telephones can be rung. Own are those of whoever looks.
	CanRing bool
	Own     []string
}

// Keypad are the keys of a telephone.
func (tryPage) Keypad() []string {
	return []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"}
}

func (p *Pages) lineTry(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.theLine(r)
	if err != nil {
		return err
	}
	if p.LineSettings.Telephones == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	l, err := p.linePage(r, inForce, d)
	if err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	shown := tryPage{linePage: l, CanRing: p.LineSettings.Telephones.CanRing(), Own: telephonesOf(who)}
	if id := r.URL.Query().Get("call"); id != "" {
		v, err := p.LineSettings.Telephones.Look(who.ID, id)
		switch {
		case err == nil:
			shown.Call = &v
		case isPart(r):
			return refuse(http.StatusNotFound, "try_over")
		}
	}
	return p.show(w, r, "line_try", shown)
}

// telephonesOf are a person's telephones that can be rung.
func telephonesOf(who access.Who) (own []string) {
	for _, t := range who.Agents {
		if freeswitch.IsTelephone(t) {
			own = append(own, t)
		}
	}
	return own
}

// ringOn calls the draft from the person's own telephone.
func (p *Pages) ringOn(r *http.Request, telephone, line, text string) (id string, err error) {
	who, _ := access.From(r.Context())
	if !slices.Contains(telephonesOf(who), telephone) { // nobody has others rung
		return "", refuse(http.StatusForbidden, "try_not_yours")
	}
	if id, err = p.LineSettings.Telephones.RingOn(who.ID, telephone, text, r.PostForm.Get("known") != ""); err != nil {
		return "", err
	}
	p.note(r, who.ID, audit.LineTried, "line "+line, "rang "+telephone)
	return id, nil
}

// tryLine rings, presses keys and hangs up.
func (p *Pages) tryLine(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	inForce, d, err := p.theLine(r)
	if err != nil {
		return err
	}
	if p.LineSettings.Telephones == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	id := r.PostForm.Get("call")
	telephone := r.PostForm.Get("ring_on")
	switch do := r.PostForm.Get("do"); {
	case telephone != "":
		id, err = p.ringOn(r, telephone, inForce.Name, d.Text)
	case do == "ring":
		id, err = p.LineSettings.Telephones.Ring(who.ID, d.Text, r.PostForm.Get("known") != "")
	case do == "press":
		err = p.LineSettings.Telephones.Press(who.ID, id, r.PostForm.Get("keys"))
	case do == "hang-up":
		err = p.LineSettings.Telephones.HangUp(who.ID, id)
	default:
		return refuse(http.StatusBadRequest, "bad_form")
	}
	var problems lines.Problems
	switch {
	case errors.As(err, &problems):
		return refuse(http.StatusConflict, "line_problems", len(problems))
	case errors.Is(err, tryout.ErrNoTelephone):
		return refuse(http.StatusServiceUnavailable, "not_here")
	case errors.Is(err, tryout.ErrBusy):
		return refuse(http.StatusTooManyRequests, "try_busy")
	case errors.Is(err, tryout.ErrOver): // the page says so
	case err != nil:
		return err
	}
	if isPart(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, lineURL(inForce.Name, "try")+"?call="+id, http.StatusSeeOther)
	return nil
}
