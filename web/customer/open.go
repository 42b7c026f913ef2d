package customer

import (
	"errors"
	"net/http"
	"time"

	"countersign/session"
	"countersign/session/token"
	"countersign/web/access"
)

// openLink is GET /my/link/{link}. It uses nothing up: mail programs, messengers and virus scanners open every link. The
// link goes on in a cookie, so that it is in no history and no referrer.
func (p *Page) openLink(w http.ResponseWriter, r *http.Request) error {
	secret := r.PathValue("link")
	if len(secret) != secretLength {
		return refuse(http.StatusNotFound, "link_over")
	}
	p.setLinkCookie(w, secret, int(LinkLife/time.Second))
	http.Redirect(w, r, "/my/open", http.StatusSeeOther)
	return nil
}

func (p *Page) setLinkCookie(w http.ResponseWriter, secret string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: p.linkCookieName(), Value: secret, Path: "/my/open", HttpOnly: true, Secure: p.visits.secure,
		SameSite: http.SameSiteStrictMode, MaxAge: seconds,
	})
}

func (p *Page) linkCookieName() string {
	if p.visits.secure {
		return "__Secure-" + linkCookie
	}
	return linkCookie
}

// openForm is GET /my/open: a button. It looks the same whatever the link is. A browser that comes from another site does
// not send the cookie yet; it does when the button is pressed.
func (p *Page) openForm(w http.ResponseWriter, r *http.Request) error {
	return p.write(w, http.StatusOK, "open", p.shownTo(r))
}

// open is POST /my/open: it uses the link up, and begins a visit.
func (p *Page) open(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(p.linkCookieName())
	if err != nil || cookie.Value == "" {
		return refuse(http.StatusGone, "link_again")
	}
	if !p.openings.allows(hashed("link", cookie.Value), p.Now()) {
		return refuse(http.StatusTooManyRequests, "too_many")
	}
	link, err := p.Links.use(r.Context(), cookie.Value)
	if err == nil || errors.Is(err, ErrLink) { // it is of no use any more
		p.setLinkCookie(w, "", -1)
	}
	switch {
	case errors.Is(err, ErrLink):
		return p.failed(r, refuse(http.StatusGone, "link_over"))
	case err != nil:
		return err
	}
	return p.begin(w, r, ofLink(link))
}

// failed counts a link or token that does not count, by the address that it came from. Good ones never wait: behind a
// proxy everybody has the same address.
func (p *Page) failed(r *http.Request, why error) error {
	if !p.failures.allows(access.Remote(r).String(), p.Now()) {
		return refuse(http.StatusTooManyRequests, "too_many")
	}
	return why
}

// openByToken is POST /my/token: the company's own log-in sends a customer here with an ID&V token.
func (p *Page) openByToken(w http.ResponseWriter, r *http.Request) error {
	if p.Tokens == nil {
		return refuse(http.StatusNotFound, "no_tokens")
	}
	raw := session.NewSecret([]byte(r.PostFormValue("token")))
	defer raw.Wipe()
	c, err := p.Tokens.Use(r.Context(), raw, token.AnyLine)
	var refused *session.RefusedError
	switch {
	case errors.As(err, &refused):
		return p.failed(r, refuse(http.StatusForbidden, "token_over"))
	case err != nil:
		return err
	case c.Level < session.Verified:
		return refuse(http.StatusForbidden, "token_weak")
	}
	return p.begin(w, r, Visit{Way: ByToken, Purpose: ForPage, Call: c.Call, Proven: c.Proven})
}

// begin begins a visit, and leads to the page.
func (p *Page) begin(w http.ResponseWriter, r *http.Request, v Visit) error {
	if !p.begins.allows(v.Customer, p.Now()) {
		return refuse(http.StatusTooManyRequests, "too_many")
	}
	switch _, found, err := p.Find(r.Context(), v.Customer); {
	case err != nil:
		return err
	case !found:
		return refuse(http.StatusGone, "link_over")
	}
	if err := p.visits.begin(r.Context(), w, v); err != nil {
		return err
	}
	http.Redirect(w, r, "/my", http.StatusSeeOther)
	return nil
}
