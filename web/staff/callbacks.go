package staff

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"countersign/callback"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/web/access"
)

// Callbacks are callbacks as staff see them.
type Callbacks struct {
	Book    *callback.Book
	Dialler *callback.Dialler
	// Tell tells a customer what somebody else did to their callback: "moved" or "cancelled".
	Tell func(c callback.Callback, what string)
}

// deskCallback is a callback on an agent's screen.
type deskCallback struct {
	callback.Callback
	// Word is the customer's, for the agent who took it, and nobody else; SayNow says that the customer is there.
	Word   string
	SayNow bool
}

// mayTake says whether an agent may take a callback.
func mayTake(who access.Who, c *callback.Callback) bool {
	return len(telephonesOf(who)) > 0 && (len(who.Lines) == 0 || slices.Contains(who.Lines, c.Line))
}

// deskCallbacks are those that an agent may take, and the one that they have.
func (p *Pages) deskCallbacks(who access.Who) (due, own []deskCallback) {
	if p.Callbacks == nil {
		return nil, nil
	}
	for _, c := range p.Callbacks.Book.Select(func(c *callback.Callback) bool {
		return c.State == callback.Due && mayTake(who, c) || c.Now != nil && c.Now.Agent.ID == who.ID
	}) {
		if c.State == callback.Due {
			due = append(due, deskCallback{Callback: c})
			continue
		}
		own = append(own, deskCallback{Callback: c, Word: c.Word.Reveal(), SayNow: c.State == callback.Talking})
	}
	return due, own
}

// takeCallback gives a callback to the agent, whose telephone rings.
func (p *Pages) takeCallback(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	c, err := p.theCallback(r)
	if err != nil {
		return err
	}
	if !mayTake(who, &c) {
		return refuse(http.StatusForbidden, "not_allowed")
	}
	name, _, _ := strings.Cut(who.Name, " ")
	_, err = p.Callbacks.Dialler.Take(r.Context(), c.ID, callback.Agent{ID: who.ID, Name: name, Telephone: telephonesOf(who)[0]})
	if err != nil {
		return p.callbackError(r.Context(), err)
	}
	p.note(r, who.ID, audit.CallbackTaken, "callback "+c.ID, "")
	return done(w, r)
}

// sayCallback is what the agent says of a call that we lost sight of.
func (p *Pages) sayCallback(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	c, err := p.theCallback(r)
	if err != nil {
		return err
	}
	if err := p.Callbacks.Dialler.Say(r.Context(), c.ID, who.ID, r.PostForm.Get("talked") == "yes"); err != nil {
		return p.callbackError(r.Context(), err)
	}
	return done(w, r)
}

func (p *Pages) theCallback(r *http.Request) (callback.Callback, error) {
	if p.Callbacks == nil {
		return callback.Callback{}, refuse(http.StatusServiceUnavailable, "not_here")
	}
	c, err := p.Callbacks.Book.Get(r.PathValue("callback"))
	if err != nil {
		return c, refuse(http.StatusNotFound, "callback_unknown")
	}
	return c, nil
}

func (p *Pages) callbackError(ctx context.Context, err error) error {
	for known, text := range map[error]string{
		callback.ErrTaken: "callback_taken", callback.ErrTooLate: "callback_too_late", callback.ErrFull: "callback_full",
		callback.ErrUnknown: "callback_unknown",
	} {
		if errors.Is(err, known) {
			return refuse(http.StatusConflict, text)
		}
	}
	if ctx.Err() == nil {
		p.Log.Error("a callback was not changed", "err", err)
	}
	return refuse(http.StatusServiceUnavailable, "state_unavailable")
}

// callbacksPage are the callbacks of the lines that somebody sees.
type callbacksPage struct {
	Open, Over []callback.Callback
	// Windows are those to which one can be moved, by callback; of the first only, which the address names.
	Move    string
	Windows []callback.Window
	Zone    *time.Location
}

// callbackKeeps is how long those that are over are listed.
const callbackKeeps = 7 * 24 * time.Hour

func (p *Pages) callbacks(w http.ResponseWriter, r *http.Request) error {
	if p.Callbacks == nil {
		return refuse(http.StatusServiceUnavailable, "callback_none_here")
	}
	who, _ := access.From(r.Context())
	var shown callbacksPage
	for _, c := range p.Callbacks.Book.Select(func(c *callback.Callback) bool { return who.Sees(c.Line) }) {
		c.Word = callback.Word{}
		switch {
		case !c.State.Over():
			shown.Open = append(shown.Open, c)
		case p.Now().Sub(c.Since) < callbackKeeps:
			shown.Over = append(shown.Over, c)
		}
	}
	slices.Reverse(shown.Over)
	if id := r.URL.Query().Get("move"); id != "" {
		if c, err := p.Callbacks.Book.Get(id); err == nil && who.Sees(c.Line) {
			free, err := p.Callbacks.Book.Free(r.Context(), c.Line)
			if err != nil {
				return p.callbackError(r.Context(), err)
			}
			shown.Move, shown.Windows = id, free
		}
	}
	return p.show(w, r, "callbacks", shown)
}

// changeCallback moves or cancels a callback of a line that somebody sees.
func (p *Pages) changeCallback(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	c, err := p.theCallback(r)
	if err != nil {
		return err
	}
	if !who.Sees(c.Line) {
		return refuse(http.StatusNotFound, "callback_unknown")
	}
	action, what := audit.CallbackCancelled, "cancelled"
	if r.PostForm.Get("what") == "move" {
		from, parseErr := time.Parse(time.RFC3339, r.PostForm.Get("from"))
		if parseErr != nil {
			return refuse(http.StatusBadRequest, "bad_form")
		}
		action, what = audit.CallbackMoved, "moved"
		c, err = p.Callbacks.Book.Move(r.Context(), c.ID, "", from, event.ByStaff)
	} else {
		c, err = p.Callbacks.Book.Cancel(r.Context(), c.ID, "", event.ByStaff)
	}
	if err != nil {
		return p.callbackError(r.Context(), err)
	}
	p.note(r, who.ID, action, "callback "+c.ID, "")
	p.Callbacks.Tell(c, what)
	http.Redirect(w, r, "/callbacks", http.StatusSeeOther)
	return nil
}
