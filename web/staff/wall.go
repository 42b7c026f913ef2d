package staff

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/walls"
)

// wallPage is a screen on a wall: a code to be paired by, or the board.
type wallPage struct {
	Code  string
	Until time.Time
	Board *boardPage
}

// Spaced is the code in two halves.
func (p wallPage) Spaced() string { return p.Code[:len(p.Code)/2] + " " + p.Code[len(p.Code)/2:] }

func (p *Pages) wall(w http.ResponseWriter, r *http.Request) error {
	if p.Walls == nil || p.Live == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	secret := p.cookieOf(r, wallCookie)
	if secret != "" {
		switch paired, err := p.Walls.Find(r.Context(), secret); {
		case err == nil:
			who, ok, err := p.whoPaired(r.Context(), paired)
			if err != nil {
				return p.peopleError(err)
			}
			if ok {
				return p.wallBoard(w, r, who, paired)
			}
		case !errors.Is(err, walls.ErrUnknown):
			return p.peopleError(err)
		}
	}
	if isPart(r) { // not paired yet, or not any more: the script loads the page anew
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	secret = walls.Secret() // a code is for a new secret: what was revoked stays so
	code, until, err := p.Walls.Show(r.Context(), secret, access.Remote(r).String())
	switch {
	case errors.Is(err, walls.ErrTooMany):
		return refuse(http.StatusTooManyRequests, "wall_too_many")
	case err != nil:
		return p.peopleError(err)
	}
	p.setCookie(w, wallCookie, secret)
	return p.show(w, r, "wall", wallPage{Code: code, Until: until})
}

// whoPaired is who the screen shows the board of: whoever paired it, as long as they may see it themselves.
func (p *Pages) whoPaired(ctx context.Context, w walls.Wall) (who access.Who, ok bool, err error) {
	person, err := p.Book.Get(ctx, w.By)
	if errors.Is(err, people.ErrNobody) {
		return who, false, nil
	}
	who = person.Who()
	return who, err == nil && !person.Disabled && who.MaySeePersons() && (w.Line == "" || who.Sees(w.Line)), err
}

// wallBoard is the board without persons.
func (p *Pages) wallBoard(w http.ResponseWriter, r *http.Request, who access.Who, paired walls.Wall) error {
	b, err := p.boardOf(r, who, paired.Line)
	if err != nil {
		return err
	}
	b.hidePersons()
	b.cut()
	b.Wall = &paired
	return p.show(w, r, "wall", wallPage{Board: &b})
}

// wallsOf are the screens that somebody may revoke.
func (p *Pages) wallsOf(ctx context.Context, who access.Who) ([]walls.Wall, error) {
	if p.Walls == nil || !who.MaySeePersons() {
		return nil, nil
	}
	all, err := p.Walls.All(ctx)
	return slices.DeleteFunc(all, func(w walls.Wall) bool { return !mayRevoke(who, w) }), err
}

func mayRevoke(who access.Who, w walls.Wall) bool { return w.By == who.ID || who.Has(access.Admin) }

func (p *Pages) pairWall(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if p.Walls == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	line := r.PostForm.Get("line")
	if line != "" && !who.Sees(line) {
		return refuse(http.StatusForbidden, "not_your_line")
	}
	paired, err := p.Walls.Pair(r.Context(), r.PostForm.Get("code"),
		walls.Wall{Name: r.PostForm.Get("name"), By: who.ID, Line: line})
	switch {
	case errors.Is(err, walls.ErrCode):
		return refuse(http.StatusNotFound, "wall_no_code")
	case errors.Is(err, walls.ErrTooMany):
		return refuse(http.StatusTooManyRequests, "wall_too_many")
	case err != nil:
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.WallPaired, "wall "+paired.ID[:12], paired.Name)
	http.Redirect(w, r, "/board#walls", http.StatusSeeOther)
	return nil
}

func (p *Pages) revokeWall(w http.ResponseWriter, r *http.Request) error {
	if p.Walls == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	all, err := p.wallsOf(r.Context(), who)
	if err != nil {
		return p.peopleError(err)
	}
	id := r.PathValue("wall")
	if !slices.ContainsFunc(all, func(w walls.Wall) bool { return w.ID == id }) {
		return refuse(http.StatusNotFound, "wall_unknown")
	}
	switch revoked, err := p.Walls.Revoke(r.Context(), id); {
	case errors.Is(err, walls.ErrUnknown):
		return refuse(http.StatusNotFound, "wall_unknown")
	case err != nil:
		return p.peopleError(err)
	default:
		p.note(r, who.ID, audit.WallRevoked, "wall "+id[:12], revoked.Name)
	}
	http.Redirect(w, r, "/board#walls", http.StatusSeeOther)
	return nil
}
