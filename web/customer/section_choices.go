package customer

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"countersign/session"
	"countersign/store/audit"
)

// choicesPart is what the customer can do next: with their call, and in the browser.
type choicesPart struct {
	// Call is the call that goes on; "" if there is none.
	Call    string
	Line    string
	Choices []choice
}

// choice is a button.
type choice struct {
	N int
	session.PageChoice
}

// Words are the title in a language.
func (c choice) Words(language string) string { return in(language, c.Title) }

// Moves says whether it moves the call.
func (c choice) Moves() bool { return c.URL == "" }

func (p *Page) choicesSection(_ *http.Request, v Visit) (any, bool, error) {
	if p.Choices == nil || p.asks(v) || v.Level(p.Now()) < session.Verified {
		return nil, false, nil
	}
	part := choicesPart{Line: p.CallbackLine()}
	if now, ok := p.OnLine(v.Customer); ok && !now.Busy && now.Level >= int(session.Verified) {
		part.Call, part.Line = now.Call, now.Line
	}
	for n, c := range p.Choices(part.Line) {
		if c.URL != "" && p.Issue != nil || c.URL == "" && part.Call != "" && p.Next != nil {
			part.Choices = append(part.Choices, choice{n, c})
		}
	}
	return part, len(part.Choices) > 0, nil
}

// ErrNotMoved: the call is over, or somebody talks to the caller.
var ErrNotMoved = errors.New("the call cannot go on there")

// choose is POST /my/choices: the call goes on, or the browser does, with a token. What is chosen is looked up again: the page
// may be old.
func (p *Page) choose(w http.ResponseWriter, r *http.Request, v Visit) error {
	data, ok, err := p.choicesSection(r, v)
	if err != nil {
		return err
	}
	part, _ := data.(choicesPart)
	n, numberErr := strconv.Atoi(r.PostFormValue("choice"))
	if !ok || numberErr != nil || part.Line != r.PostFormValue("line") {
		return refuse(http.StatusConflict, "choice_gone")
	}
	for _, c := range part.Choices {
		switch {
		case c.N != n:
		case c.Moves():
			if part.Call != r.PostFormValue("call") {
				return refuse(http.StatusConflict, "choice_gone")
			}
			err := p.Next(r.Context(), part.Call, c.To)
			if errors.Is(err, ErrNotMoved) {
				return refuse(http.StatusConflict, "choice_gone")
			}
			if err != nil {
				return err
			}
			if err := p.Audit(r.Context(), v.Customer, audit.CallMoved, "call "+part.Call+" to "+c.To.String()); err != nil {
				p.Log.Error("not in the audit log", "action", audit.CallMoved, "err", err)
			}
			return p.write(w, http.StatusOK, "said", p.shownTo(r).with("choice_made"))
		default:
			token, err := p.Issue(r.Context(), v.Proven)
			if err != nil {
				return err
			}
			return p.hand(w, r, c, token)
		}
	}
	return refuse(http.StatusConflict, "choice_gone")
}

// handed is the page whose button posts a token to the company's own page.
type handed struct{ URL, Words, Token string }

// hand shows a button that takes the browser on: the token is in a form, and in no address.
func (p *Page) hand(w http.ResponseWriter, r *http.Request, c choice, token string) error {
	s := p.shownTo(r)
	body, err := rendered("handed", s.with(handed{c.URL, c.Words(s.Language), token}))
	if err != nil {
		return err
	}
	h := w.Header()
	s.headers(h)
	h.Set("Content-Security-Policy", strings.Replace(contentPolicy, "form-action 'self'", "form-action 'self' "+originOf(c.URL), 1))
	_, _ = w.Write(body)
	return nil
}

// originOf is the origin of a checked URL.
func originOf(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	return scheme + "://" + host
}
