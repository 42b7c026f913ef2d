package staff

import (
	"crypto/subtle"
	"net/http"
	"slices"

	"countersign/web/access"
	"countersign/web/people"
)

// Demo lets visitors of a demo in as anybody, without a password. It is for sample data alone.
type Demo struct {
	// Key is in the link; whoever has it gets in.
	Key string
	// Visitors are whom they can be.
	Visitors []people.Person
}

// demoRoutes are there in a demo only.
func (p *Pages) demoRoutes() []access.Route {
	if p.Demo == nil {
		return nil
	}
	public := func(method string, h handler) access.Route {
		return access.Route{
			Method: method, Path: "/demo/{key}", Rule: access.Public(), Page: true, Handler: p.handle(p.withDemoKey(h)),
		}
	}
	return []access.Route{public("GET", p.demoForm), public("POST", p.demoSignIn)}
}

func (p *Pages) withDemoKey(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if subtle.ConstantTimeCompare([]byte(r.PathValue("key")), []byte(p.Demo.Key)) != 1 {
			return refuse(http.StatusNotFound, "invitation_over")
		}
		return next(w, r)
	}
}

func (p *Pages) demoForm(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, "demo", p.Demo)
}

func (p *Pages) demoSignIn(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id := r.PostForm.Get("id")
	if !slices.ContainsFunc(p.Demo.Visitors, func(v people.Person) bool { return v.ID == id }) {
		return refuse(http.StatusNotFound, "nobody")
	}
	person, err := p.Book.Get(r.Context(), id)
	if err != nil {
		return p.peopleError(err)
	}
	return p.begin(w, r, person) // a demo has no identity provider
}
