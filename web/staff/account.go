package staff

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
)

// signIn and join are pages of somebody who is not signed in yet.
type signInPage struct{ ID, Next string }

func (p *Pages) signInForm(w http.ResponseWriter, r *http.Request) error {
	if who, ok := access.From(r.Context()); ok {
		http.Redirect(w, r, nextOf(r, homeOf(who)), http.StatusSeeOther)
		return nil
	}
	return p.show(w, r, "sign_in", signInPage{Next: nextOf(r, "")})
}

// maxForm bounds a form.
const maxForm = 16 << 10

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	return nil
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id := strings.TrimSpace(r.PostForm.Get("id"))
	person, err := p.Book.SignIn(r.Context(), &p.tries, id, r.PostForm.Get("password"), from(r))
	var tooMany *people.TooManyError
	if wrong := errors.Is(err, people.ErrPassword); wrong || errors.As(err, &tooMany) {
		shown := p.page(r, signInPage{ID: id, Next: nextOf(r, "")})
		status := http.StatusUnauthorized
		if shown.Problem = shown.T("wrong_password"); !wrong {
			status = http.StatusTooManyRequests
			shown.Problem = shown.T("too_many", int(tooMany.Wait/time.Second)+1)
		}
		p.Log.Warn("sign-in refused", "from", from(r), "wait", tooMany != nil)
		return p.write(w, r, status, "sign_in", shown)
	}
	if err != nil {
		return p.peopleError(err)
	}
	return p.begin(w, r, person)
}

// begin begins the session of a person, and takes them on.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request, person people.Person) error {
	if err := p.Sessions.SignIn(r.Context(), person); err != nil {
		return p.peopleError(err)
	}
	p.note(r, person.ID, audit.SignedIn, "person "+person.ID, "from "+from(r))
	http.Redirect(w, r, nextOf(r, homeOf(person.Who())), http.StatusSeeOther)
	return nil
}

func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := p.Sessions.SignOut(r.Context()); err != nil {
		return p.peopleError(err)
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

type joinPage struct{ Invitation, Name, ID string }

func (p *Pages) joinForm(w http.ResponseWriter, r *http.Request) error {
	person, err := p.Book.Invited(r.Context(), r.PathValue("invitation"))
	if err != nil {
		return p.peopleError(err)
	}
	return p.show(w, r, "join", joinPage{Invitation: r.PathValue("invitation"), Name: person.Name, ID: person.ID})
}

func (p *Pages) join(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	invitation, password := r.PathValue("invitation"), r.PostForm.Get("password")
	person, err := p.Book.Invited(r.Context(), invitation)
	if err != nil {
		return p.peopleError(err)
	}
	if password != r.PostForm.Get("again") {
		err = errNotTheSame
	} else {
		person, err = p.Book.Accept(r.Context(), invitation, password)
	}
	var weak *people.WeakError
	if errors.As(err, &weak) || errors.Is(err, errNotTheSame) {
		person, _ = p.Book.Invited(r.Context(), invitation)
		shown := p.page(r, joinPage{Invitation: invitation, Name: person.Name, ID: person.ID})
		shown.Problem = shown.passwordProblem(err)
		return p.write(w, r, http.StatusUnprocessableEntity, "join", shown)
	}
	if err != nil {
		return p.peopleError(err)
	}
	p.note(r, person.ID, audit.PasswordSet, "person "+person.ID, "by invitation")
	return p.begin(w, r, person)
}

var errNotTheSame = errors.New("the two passwords differ")

// passwordProblem says what is wrong with a password.
func (p page) passwordProblem(err error) string {
	var weak *people.WeakError
	switch {
	case errors.As(err, &weak) && weak.Short:
		return p.T("password_short", people.MinPassword)
	case errors.As(err, &weak):
		return p.T("password_weak")
	case errors.Is(err, people.ErrPassword):
		return p.T("wrong_present_password")
	}
	return p.T("passwords_differ")
}

// peopleError is an error of the book as a person sees it.
func (p *Pages) peopleError(err error) error {
	switch {
	case errors.Is(err, people.ErrInvitation):
		return refuse(http.StatusNotFound, "invitation_over")
	case errors.Is(err, people.ErrNobody):
		return refuse(http.StatusNotFound, "nobody")
	case errors.Is(err, people.ErrExists):
		return refuse(http.StatusConflict, "person_exists")
	case errors.Is(err, people.ErrLastAdmin):
		return refuse(http.StatusConflict, "last_admin")
	}
	p.Log.Error("shared state of people", "err", err)
	return refuse(http.StatusServiceUnavailable, "people_unavailable")
}

func (p *Pages) me(w http.ResponseWriter, r *http.Request) error { return p.show(w, r, "me", mePage{}) }

type mePage struct{ Done string }

func (p *Pages) setLanguage(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	to := r.PostForm.Get("language")
	if to != "en" && to != "de" {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	if _, err := p.Book.Change(r.Context(), who.ID, func(q *people.Person) error { q.Language = to; return nil }); err != nil {
		return p.peopleError(err)
	}
	http.Redirect(w, r, "/me", http.StatusSeeOther)
	return nil
}

func (p *Pages) setPassword(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	form, err := r.PostForm, error(nil)
	var person people.Person
	if form.Get("password") != form.Get("again") {
		err = errNotTheSame
	} else if wait := p.tries.Wait(who.ID, p.Now()); wait > 0 {
		return refuse(http.StatusTooManyRequests, "too_many", int(wait/time.Second)+1)
	} else {
		person, err = p.Book.SetPassword(r.Context(), &p.tries, who.ID, form.Get("present"), form.Get("password"))
	}
	var weak *people.WeakError
	if errors.Is(err, people.ErrPassword) || errors.Is(err, errNotTheSame) || errors.As(err, &weak) {
		shown := p.page(r, mePage{})
		shown.Problem = shown.passwordProblem(err)
		return p.write(w, r, http.StatusUnprocessableEntity, "me", shown)
	}
	if err != nil {
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.PasswordSet, "person "+who.ID, "")
	if err := p.Sessions.SignIn(r.Context(), person); err != nil { // all others are over
		return p.peopleError(err)
	}
	return p.show(w, r, "me", mePage{Done: "password_set"})
}

func (p *Pages) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	if err := p.Book.SignOut(r.Context(), who.ID); err != nil {
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.SignedOut, "person "+who.ID, "everywhere")
	return p.signOut(w, r)
}

// note writes to the audit log. What was done is done, so an error is only logged.
func (p *Pages) note(r *http.Request, actor, action, object, detail string) {
	if p.Audit == nil {
		return
	}
	if err := p.Audit(r.Context(), audit.Entry{Actor: actor, Action: action, Object: object, Detail: detail}); err != nil {
		p.Log.Error("not in the audit log", "action", action, "object", object, "err", err)
	}
}
