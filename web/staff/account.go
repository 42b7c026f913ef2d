package staff

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
)

// signIn and join are pages of somebody who is not signed in yet.
type signInPage struct {
	ID, Next string
	// Provider is the name of the identity provider, or "".
	Provider string
	// Passkeys: browsers can have some here.
	Passkeys bool
}

func (p *Pages) signInPage(id, next string) signInPage {
	shown := signInPage{ID: id, Next: next, Passkeys: p.Passkeys != nil}
	if p.Provider != nil {
		shown.Provider = p.Provider.Name()
	}
	return shown
}

func (p *Pages) signInForm(w http.ResponseWriter, r *http.Request) error {
	if who, ok := access.From(r.Context()); ok {
		http.Redirect(w, r, nextOf(r, homeOf(who)), http.StatusSeeOther)
		return nil
	}
	return p.show(w, r, "sign_in", p.signInPage("", nextOf(r, "")))
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
	origin := people.Origin{Address: access.Remote(r).String(), Browser: p.cookieOf(r, browserCookie)}
	person, err := p.Book.SignIn(r.Context(), &p.tries, id, r.PostForm.Get("password"), origin)
	var tooMany *people.TooManyError
	if wrong := errors.Is(err, people.ErrPassword); wrong || errors.As(err, &tooMany) {
		shown := p.page(r, p.signInPage(id, nextOf(r, "")))
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

// begin begins the session of a person with the right password, and takes them on.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request, person people.Person) error {
	if err := p.notAtProvider(person); err != nil {
		return err
	}
	if err := p.beginSession(w, r, person, "password"); err != nil {
		return err
	}
	http.Redirect(w, r, nextOf(r, homeOf(person.Who())), http.StatusSeeOther)
	return nil
}

// notAtProvider refuses those whom the identity provider knows: whoever may not sign in there any more must have no other
// way to sign in here.
func (p *Pages) notAtProvider(person people.Person) error {
	if p.Provider == nil || person.Subject == "" {
		return nil
	}
	return refuse(http.StatusForbidden, "use_provider", p.Provider.Name())
}

// beginSession begins the session of a person who has signed in by that. Without a role there is nothing to do in one.
func (p *Pages) beginSession(w http.ResponseWriter, r *http.Request, person people.Person, by string) error {
	if len(person.Roles) == 0 {
		p.note(r, person.ID, audit.SignInRefused, "person "+person.ID, "no role, from "+from(r))
		return refuse(http.StatusForbidden, "no_role", person.Name, person.ID)
	}
	if err := p.Sessions.SignIn(r.Context(), person); err != nil {
		return p.peopleError(err)
	}
	p.rememberBrowser(w, r, person)
	p.note(r, person.ID, audit.SignedIn, "person "+person.ID, "by "+by+", from "+from(r))
	return nil
}

func (p *Pages) rememberBrowser(w http.ResponseWriter, r *http.Request, person people.Person) {
	secret := p.cookieOf(r, browserCookie)
	if p.Book.Remembers(r.Context(), secret) != person.ID {
		var err error
		if secret, err = p.Book.Remember(r.Context(), person.ID); err != nil {
			p.Log.Warn("browser not remembered", "person", person.ID, "err", err)
			return
		}
	}
	p.setCookie(w, browserCookie, secret)
}

// mayBegin bounds how many sign-ins begin that nobody may ever finish. A flood of them keeps nobody out of a browser in
// which somebody has signed in before.
func (p *Pages) mayBegin(r *http.Request) bool {
	if p.Book.Remembers(r.Context(), p.cookieOf(r, browserCookie)) != "" {
		return p.beginsKnown.Allow()
	}
	return p.begins.Allow()
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
	if err := p.notAtProvider(person); err != nil {
		return err
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
	if err := p.notAtProvider(person); err != nil {
		return err
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
	case errors.Is(err, people.ErrDisabled):
		return refuse(http.StatusForbidden, "account_disabled")
	case errors.Is(err, people.ErrNoPassword):
		return refuse(http.StatusConflict, "no_password")
	}
	var tooMany *people.TooManyError
	if errors.As(err, &tooMany) {
		return refuse(http.StatusTooManyRequests, "too_many", int(tooMany.Wait/time.Second)+1)
	}
	p.broken("shared state of people", err)
	return refuse(http.StatusServiceUnavailable, "state_unavailable")
}

// broken logs an error of ours. Somebody who closes a screen while it loads has caused none.
func (p *Pages) broken(what string, err error) {
	if !errors.Is(err, context.Canceled) {
		p.Log.Error(what, "err", err)
	}
}

func (p *Pages) me(w http.ResponseWriter, r *http.Request) error {
	shown, err := p.mePage(r, "")
	if err != nil {
		return err
	}
	return p.show(w, r, "me", shown)
}

type mePage struct {
	people.Person
	// Done is the key of the text that says what was done, or "".
	Done string
	// Here: they sign in here, and not at the identity provider. CanAdd: with passkeys, too.
	Here, CanAdd bool
}

// Actions are those that have a key on the desk (keys.js).
func (mePage) Actions() []string { return []string{"verify", "crm", "copy", "journey", "seen"} }

func (p *Pages) mePage(r *http.Request, done string) (mePage, error) {
	who, _ := access.From(r.Context())
	person, err := p.Book.Get(r.Context(), who.ID)
	if err != nil {
		return mePage{}, p.peopleError(err)
	}
	here := p.notAtProvider(person) == nil
	return mePage{Person: person, Done: done, Here: here, CanAdd: here && p.Passkeys != nil}, nil
}

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
	} else {
		person, err = p.Book.SetPassword(r.Context(), &p.tries, who.ID, form.Get("present"), form.Get("password"))
	}
	var weak *people.WeakError
	if errors.Is(err, people.ErrPassword) || errors.Is(err, errNotTheSame) || errors.As(err, &weak) {
		again, pageErr := p.mePage(r, "")
		if pageErr != nil {
			return pageErr
		}
		shown := p.page(r, again)
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
	shown, err := p.mePage(r, "password_set")
	if err != nil {
		return err
	}
	return p.show(w, r, "me", shown)
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
