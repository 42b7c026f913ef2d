package staff

import (
	"errors"
	"net/http"

	"countersign/lines"
	"countersign/web/access"
	"countersign/web/tryout"
)

// Telephones are calls to drafts from the browser. tryout.ErrOver: there is no such call any more.
type Telephones interface {
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
	shown := tryPage{linePage: l}
	if id := r.URL.Query().Get("call"); id != "" {
		who, _ := access.From(r.Context())
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
	switch r.PostForm.Get("do") {
	case "ring":
		id, err = p.LineSettings.Telephones.Ring(who.ID, d.Text, r.PostForm.Get("known") != "")
	case "press":
		err = p.LineSettings.Telephones.Press(who.ID, id, r.PostForm.Get("keys"))
	case "hang-up":
		err = p.LineSettings.Telephones.HangUp(who.ID, id)
	default:
		return refuse(http.StatusBadRequest, "bad_form")
	}
	var problems lines.Problems
	switch {
	case errors.As(err, &problems):
		return refuse(http.StatusConflict, "line_problems", len(problems))
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
