package customer

import (
	"errors"
	"net/http"
	"time"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
)

// callbacksPart are the customer's callbacks, and the windows that they can book.
type callbacksPart struct {
	Open []shownCallback
	// Move is the id of the callback that is being moved, or "".
	Move string
	// Windows are free, by day.
	Windows []day
	// Soon: customers are called now.
	Soon bool
	// More: the customer may book another one. AnyNumber: on any telephone of theirs.
	More, AnyNumber bool
}

// day are the free windows of a day.
type day struct {
	At      time.Time
	Windows []callback.Window
}

type shownCallback struct {
	callback.Callback
	Zone  *time.Location
	Last4 string
	// MayChange: it is not under way.
	MayChange bool
}

func (p *Page) callbacksSection(r *http.Request, v Visit) (any, bool, error) {
	if p.Callbacks == nil || p.asks(v) || v.Level(p.Now()) < session.Verified {
		return nil, false, nil
	}
	part := callbacksPart{Move: r.URL.Query().Get("move"), AnyNumber: v.Level(p.Now()) >= session.Strong}
	for _, c := range p.Callbacks.Of(v.Customer) {
		if !c.State.Over() {
			part.Open = append(part.Open, shownCallback{
				Callback: c, Last4: session.LastFour(c.Number), MayChange: c.State == callback.Booked || c.State == callback.Due,
			})
		}
	}
	part.More, part.Soon = len(part.Open) < callback.MostOpen, p.Callbacks.IsOpen()
	free, err := p.Callbacks.Free(r.Context(), p.CallbackLine())
	part.Windows = byDay(free)
	return part, true, err
}

// byDay are windows by the day on which they begin.
func byDay(windows []callback.Window) (days []day) {
	for _, w := range windows {
		if n := len(days); n == 0 || days[n-1].At.YearDay() != w.From.YearDay() {
			days = append(days, day{At: w.From})
		}
		last := &days[len(days)-1]
		last.Windows = append(last.Windows, w)
	}
	return days
}

// chosen is the window that a form names, or that it is the one of now.
func chosen(r *http.Request) (from time.Time, soon bool, err error) {
	text := r.PostFormValue("from")
	if text == "soon" {
		return from, true, nil
	}
	if from, err = time.Parse(time.RFC3339, text); err != nil {
		return from, false, refuse(http.StatusUnprocessableEntity, "callback_full")
	}
	return from, false, nil
}

// mayCallBack refuses a visit that may not book.
func (p *Page) mayCallBack(v Visit) error {
	switch {
	case p.Callbacks == nil:
		return refuse(http.StatusNotFound, "unavailable")
	case v.Level(p.Now()) < session.Verified:
		return refuse(http.StatusForbidden, "prove_more")
	}
	return nil
}

// book is POST /my/callbacks.
func (p *Page) book(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayCallBack(v); err != nil {
		return err
	}
	if !p.bookings.allows(v.Customer, p.Now()) {
		return refuse(http.StatusTooManyRequests, "too_often")
	}
	request := callback.Request{
		Customer: v.Customer, Line: p.CallbackLine(), Subject: r.PostFormValue("subject"), Language: languageOf(r),
		Word: r.PostFormValue("word"), By: event.ByCustomer, Level: v.Level(p.Now()),
	}
	if request.Word == "" {
		return refuse(http.StatusUnprocessableEntity, "callback_word_wrong")
	}
	if told := r.PostFormValue("number"); told != "" {
		number, err := session.E164(told, p.Region())
		if err != nil {
			return refuse(http.StatusUnprocessableEntity, "callback_number_wrong")
		}
		request.Number = number
	}
	var err error
	if request.From, request.Soon, err = chosen(r); err != nil {
		return err
	}
	_, err = p.Callbacks.Create(r.Context(), request)
	return p.back(w, r, err)
}

// changeCallback is POST /my/callbacks/{callback}: it moves or cancels one.
func (p *Page) changeCallback(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayCallBack(v); err != nil {
		return err
	}
	id := r.PathValue("callback")
	if r.PostFormValue("what") == "cancel" {
		_, err := p.Callbacks.Cancel(r.Context(), id, v.Customer, event.ByCustomer)
		return p.back(w, r, err)
	}
	from, err := time.Parse(time.RFC3339, r.PostFormValue("from"))
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, "callback_full")
	}
	_, err = p.Callbacks.Move(r.Context(), id, v.Customer, from, event.ByCustomer)
	return p.back(w, r, err)
}

// back leads back to the page, or says why it did not work.
func (p *Page) back(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		http.Redirect(w, r, "/my", http.StatusSeeOther)
		return nil
	}
	for known, text := range map[error]string{
		callback.ErrFull: "callback_full", callback.ErrTooMany: "callback_too_many", callback.ErrTooLate: "callback_too_late",
		callback.ErrNumber: "callback_number_wrong", callback.ErrWord: "callback_word_wrong",
		callback.ErrSubject: "callback_subject_wrong", callback.ErrUnknown: "callback_unknown",
	} {
		if errors.Is(err, known) {
			return refuse(http.StatusConflict, text)
		}
	}
	return err
}

// calendar is GET /my/callbacks/{callback}/calendar.
func (p *Page) calendar(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.mayCallBack(v); err != nil {
		return err
	}
	for _, c := range p.Callbacks.Of(v.Customer) {
		if c.ID != r.PathValue("callback") {
			continue
		}
		s := p.shownTo(r)
		title, err := s.T("calendar_title")
		if err != nil {
			return err
		}
		hint, err := s.T("calendar_hint")
		if err != nil {
			return err
		}
		if p.Brand != "" {
			title += " · " + p.Brand
		}
		h := w.Header()
		h.Set("Content-Type", "text/calendar; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="callback.ics"`)
		h.Set("Cache-Control", "no-store")
		return c.WriteICS(w, p.Now(), title, hint)
	}
	return refuse(http.StatusNotFound, "callback_unknown")
}
