package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/web/people"
)

// Frames let people see their calls inside another page.
type Frames interface {
	// Token makes a token for a person, good for one session; key is the name of the key that asks for it. Its errors are
	// people.ErrNobody and people.ErrNoAgent; any other means that nobody can know now.
	Token(ctx context.Context, person, key string) (token string, life time.Duration, err error)
}

func (a *api) embedToken(w http.ResponseWriter, r *http.Request) error {
	if a.Frames == nil {
		return unavailable("No page may show the screens: name its origin under web.embed.origins in countersign.yaml.", nil)
	}
	var in struct {
		Person string `json:"person"`
	}
	if err := readJSON(w, r, &in, `{"person": "…"}, the id of somebody who takes calls`); err != nil {
		return err
	}
	if in.Person == "" {
		return badRequest(`"person" must be the id of somebody who takes calls, as on the page /people.`)
	}
	raw, life, err := a.Frames.Token(r.Context(), in.Person, noteOf(r).key)
	switch {
	case errors.Is(err, people.ErrNobody):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "There is nobody with this id on the page /people."}
	case errors.Is(err, people.ErrNoAgent):
		return &problem{
			Status: http.StatusUnprocessableEntity, Detail: "This person is disabled, or lacks the role agent: see the page /people.",
		}
	case err != nil:
		return unavailable("The token cannot be made now. Try again.", err)
	}
	return answer(w, http.StatusOK, issued{Token: raw, ExpiresIn: int(life.Seconds())})
}
