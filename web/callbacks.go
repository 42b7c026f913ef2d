package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/web/access"
)

// Callbacks are callbacks as programs see them.
type Callbacks struct {
	Book *callback.Book
	// Lines names the service lines.
	Lines func() []string
	// Tell tells a customer what somebody else did to their callback: "moved" or "cancelled".
	Tell  func(c callback.Callback, what string)
	Audit func(ctx context.Context, e audit.Entry) error
}

func (a *api) callbackRoutes() (all []access.Route) {
	type handler func(http.ResponseWriter, *http.Request, *Callbacks) error
	add := func(method, path string, h handler) {
		all = append(all, access.Route{
			Method: method, Path: path, Rule: access.Key(access.Callbacks),
			Handler: handle(func(w http.ResponseWriter, r *http.Request) error {
				if a.Callbacks == nil {
					return unavailable("Nobody is called back here: callbacks.dial is not set.", nil)
				}
				return h(w, r, a.Callbacks)
			}),
		})
	}
	add("GET", "/v1/callbacks", a.callbacks)
	add("POST", "/v1/callbacks", a.bookCallback)
	add("GET", "/v1/callbacks/{callback}", a.callback)
	add("PUT", "/v1/callbacks/{callback}", a.moveCallback)
	add("DELETE", "/v1/callbacks/{callback}", a.cancelCallback)
	add("GET", "/v1/callback-windows", a.callbackWindows)
	add("GET", "/v1/calling", a.calling)
	return all
}

// shownCallback is a callback without the customer's word, and without their number.
type shownCallback struct {
	Callback string                `json:"callback"`
	Customer string                `json:"customer"`
	Line     string                `json:"line"`
	Subject  string                `json:"subject"`
	Last4    string                `json:"number_last4"`
	From     time.Time             `json:"from"`
	To       time.Time             `json:"to"`
	TZ       string                `json:"tz"`
	State    callback.State        `json:"state"`
	Since    time.Time             `json:"since"`
	By       event.CallbackActor   `json:"by"`
	HasWord  bool                  `json:"has_word"`
	Agent    string                `json:"agent,omitempty"`
	Outcome  event.CallbackOutcome `json:"outcome,omitempty"`
	Attempts []shownAttempt        `json:"attempts"`
}

type shownAttempt struct {
	At      time.Time             `json:"at"`
	Agent   string                `json:"agent"`
	Outcome event.CallbackOutcome `json:"outcome"`
}

func showCallback(c callback.Callback) shownCallback {
	s := shownCallback{
		Callback: c.ID, Customer: c.Customer, Line: c.Line, Subject: c.Subject, Last4: session.LastFour(c.Number), From: c.From,
		To: c.To, TZ: c.TZ, State: c.State, Since: c.Since, By: c.By, HasWord: !c.Word.IsZero(), Outcome: c.Outcome,
		Attempts: []shownAttempt{},
	}
	if c.Now != nil {
		s.Agent = c.Now.Agent.ID
	}
	for _, a := range c.Attempts {
		s.Attempts = append(s.Attempts, shownAttempt{a.At, a.Agent, a.Outcome})
	}
	return s
}

// callbacks lists a customer's callbacks, or all that are open.
func (a *api) callbacks(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	customer := r.URL.Query().Get("customer")
	shown := []shownCallback{}
	for _, c := range in.Book.Select(func(c *callback.Callback) bool {
		return customer != "" && c.Customer == customer || customer == "" && !c.State.Over()
	}) {
		shown = append(shown, showCallback(c))
	}
	return answer(w, http.StatusOK, map[string]any{"callbacks": shown})
}

func (a *api) callback(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	c, err := in.Book.Get(r.PathValue("callback"))
	if err != nil {
		return callbackError(err)
	}
	return answer(w, http.StatusOK, showCallback(c))
}

func (a *api) bookCallback(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	var want struct {
		Customer string    `json:"customer"`
		Line     string    `json:"line"`
		Subject  string    `json:"subject"`
		Number   string    `json:"number"`
		Language string    `json:"language"`
		From     time.Time `json:"from"`
		Soon     bool      `json:"soon"`
		Word     secret    `json:"word"`
	}
	const form = `{"customer": "…", "line": "…", "from": "2026-12-01T10:00:00+01:00", "subject": "…", "word": "…", ` +
		`"number": "+49…", "language": "de"}`
	if err := readJSON(w, r, &want, form); err != nil {
		return err
	}
	defer want.Word.Wipe()
	if want.Customer == "" || want.From.IsZero() == !want.Soon {
		return badRequest("The customer is needed, and the beginning of a window or \"soon\": true: " + form + ".")
	}
	if !slices.Contains(in.Lines(), want.Line) {
		return badRequest("There is no such line: its agents call back.")
	}
	if a.Customer != nil {
		known, found, err := a.Customer(r.Context(), want.Customer)
		switch {
		case err != nil:
			return unavailable("The customer cannot be looked up now. Try again.", err)
		case !found:
			return badRequest("There is no customer with this id.")
		}
		if want.Language == "" {
			want.Language = known.Language
		}
	}
	c, err := in.Book.Create(r.Context(), callback.Request{
		Customer: want.Customer, Line: want.Line, Subject: want.Subject, Number: want.Number, Language: want.Language,
		From: want.From, Soon: want.Soon, Word: string(want.Word.Reveal()), By: event.ByProgram, Who: actor(r),
	})
	if err != nil {
		return callbackError(err)
	}
	a.noteCallback(r, in, audit.CallbackBooked, c)
	return answer(w, http.StatusCreated, showCallback(c))
}

func (a *api) moveCallback(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	var want struct {
		From time.Time `json:"from"`
	}
	if err := readJSON(w, r, &want, `{"from": "2026-12-01T10:00:00+01:00"}`); err != nil {
		return err
	}
	c, err := in.Book.Move(r.Context(), r.PathValue("callback"), "", want.From, event.ByProgram)
	if err != nil {
		return callbackError(err)
	}
	a.noteCallback(r, in, audit.CallbackMoved, c)
	in.Tell(c, "moved")
	return answer(w, http.StatusOK, showCallback(c))
}

func (a *api) cancelCallback(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	c, err := in.Book.Cancel(r.Context(), r.PathValue("callback"), "", event.ByProgram)
	if err != nil {
		return callbackError(err)
	}
	a.noteCallback(r, in, audit.CallbackCancelled, c)
	in.Tell(c, "cancelled")
	return answer(w, http.StatusOK, showCallback(c))
}

func (a *api) noteCallback(r *http.Request, in *Callbacks, action string, c callback.Callback) {
	e := audit.Entry{Actor: actor(r), Action: action, Object: "callback " + c.ID}
	if err := in.Audit(r.Context(), e); err != nil {
		a.Log.Error("not in the audit log", "action", action, "object", e.Object, "err", err)
	}
}

type shownWindow struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (a *api) callbackWindows(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	free, err := in.Book.Free(r.Context(), r.URL.Query().Get("line"))
	if err != nil {
		return callbackError(err)
	}
	shown := []shownWindow{}
	for _, f := range free {
		shown = append(shown, shownWindow(f))
	}
	return answer(w, http.StatusOK, map[string]any{"windows": shown})
}

// shownCalling says whether the company calls a customer now.
type shownCalling struct {
	Calling bool `json:"calling"`
	// State, Since and the rest are those of the callback.
	State   callback.State `json:"state,omitempty"`
	Since   *time.Time     `json:"since,omitempty"`
	Agent   string         `json:"agent,omitempty"`
	Subject string         `json:"subject,omitempty"`
	Word    string         `json:"word,omitempty"`
}

// calling answers "is this you calling me?" for the customer's app. 503 means that nobody knows.
func (a *api) calling(w http.ResponseWriter, r *http.Request, in *Callbacks) error {
	customer := r.URL.Query().Get("customer")
	if customer == "" {
		return badRequest("Name the customer: ?customer=ID.")
	}
	c, calling, err := in.Book.Calling(r.Context(), customer)
	if err != nil {
		return unavailable("Whether the customer is being called cannot be known now. Tell them so.", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	shown := shownCalling{Calling: calling}
	if calling {
		shown.State, shown.Since, shown.Agent, shown.Subject = c.State, &c.Since, c.Now.Agent.Name, c.Subject
		shown.Word = c.Word.Reveal()
	}
	return answer(w, http.StatusOK, shown)
}

func callbackError(err error) error {
	status := 0
	switch {
	case errors.Is(err, callback.ErrUnknown):
		status = http.StatusNotFound
	case errors.Is(err, callback.ErrFull), errors.Is(err, callback.ErrTooMany), errors.Is(err, callback.ErrTooLate),
		errors.Is(err, callback.ErrTaken):
		status = http.StatusConflict
	case errors.Is(err, callback.ErrNumber), errors.Is(err, callback.ErrSubject), errors.Is(err, callback.ErrWord):
		status = http.StatusUnprocessableEntity
	default:
		return unavailable("Callbacks cannot be read or written now. Try again.", err)
	}
	return &problem{Status: status, Detail: sentence(err)}
}

// sentence is an error as a sentence.
func sentence(err error) string {
	text := []rune(err.Error())
	return string(slices.Concat([]rune{text[0] &^ 0x20}, text[1:], []rune{'.'}))
}
