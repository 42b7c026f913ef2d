package staff

import (
	"errors"
	"net/http"
	"time"

	"countersign/callback"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/web/access"
)

// bookPage is the form with which an agent books a callback for the caller to whom they talk.
type bookPage struct {
	Call, Customer, Line string
	// Soon: customers are called now. Windows are those that are free.
	Soon    bool
	Windows []callback.Window
}

// talksTo is the call that the agent talks on, with its customer.
func (p *Pages) talksTo(r *http.Request) (bookPage, error) {
	who, _ := access.From(r.Context())
	id := r.PathValue("call")
	if p.Callbacks == nil {
		return bookPage{}, refuse(http.StatusServiceUnavailable, "callback_none_here")
	}
	if !p.talks(who, id) {
		return bookPage{}, refuse(http.StatusNotFound, "not_your_call")
	}
	for _, mine := range p.Live.Mine(who.Agents, p.Now()) {
		if mine.ID == id && mine.Customer != "" {
			return bookPage{Call: id, Customer: mine.Customer, Line: mine.Line}, nil
		}
	}
	return bookPage{}, refuse(http.StatusConflict, "callback_nobody")
}

func (p *Pages) bookCallbackForm(w http.ResponseWriter, r *http.Request) error {
	shown, err := p.talksTo(r)
	if err != nil {
		return err
	}
	shown.Soon = p.Callbacks.Book.IsOpen()
	if shown.Windows, err = p.Callbacks.Book.Free(r.Context(), shown.Line); err != nil {
		return p.callbackError(r.Context(), err)
	}
	return p.show(w, r, "callback_book", shown)
}

// bookCallback books a callback, on a number on file: the agent asks for none.
func (p *Pages) bookCallback(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	about, err := p.talksTo(r)
	if err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	request := callback.Request{
		Customer: about.Customer, Line: about.Line, Subject: r.PostForm.Get("subject"), Word: r.PostForm.Get("word"),
		Language: string(language(who, r)), By: event.ByStaff, Who: who.ID,
	}
	if from := r.PostForm.Get("from"); from == "soon" {
		request.Soon = true
	} else if request.From, err = time.Parse(time.RFC3339, from); err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	c, err := p.Callbacks.Book.Create(r.Context(), request)
	for known, text := range map[error]string{
		callback.ErrWord: "callback_word_wrong", callback.ErrNumber: "callback_number_wrong", callback.ErrTooMany: "callback_too_many",
		callback.ErrSubject: "callback_subject_wrong",
	} {
		if errors.Is(err, known) {
			return refuse(http.StatusUnprocessableEntity, text)
		}
	}
	if err != nil {
		return p.callbackError(r.Context(), err)
	}
	p.note(r, who.ID, audit.CallbackBooked, "callback "+c.ID, "on call "+about.Call)
	return done(w, r)
}
