package staff

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

// demoPage is a demo with the way into its tour.
type demoPage struct {
	*Demo
	Tour *tourStep
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

// tourStep is a place of the tour through a demo.
type tourStep struct {
	// N is its number, from 1, of Of; Last is the last one.
	N, Of int
	Last  bool
	// Key is the demo's, Visitor who goes there, Next the address of the next step, or that of the demo.
	Key, Visitor, Next string
}

// tour are the addresses of the tour, each with who sees it.
var tour = []struct{ visitor, path string }{
	{"agent", "/desk"}, {"agent", "/desk"}, {"supervisor", "/board"}, {"supervisor", "/reports/summary"},
	{"supervisor", "/calls?period=today"}, {"business", "/reports/benefits?agent_cost=0.8&agent_seconds=45"}, {"admin", "/people"},
}

// tourURL is the address of a step, from 1.
func tourURL(n int) string {
	path := tour[n-1].path
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "tour=" + strconv.Itoa(n)
}

// tourOf is the step that a page is, or nil.
func (p *Pages) tourOf(r *http.Request) *tourStep {
	n, err := strconv.Atoi(r.URL.Query().Get("tour"))
	if p.Demo == nil || err != nil || n < 1 || n > len(tour) || isPart(r) {
		return nil
	}
	return p.tourStep(n)
}

// tourStep is the step n, with the way to the next.
func (p *Pages) tourStep(n int) *tourStep {
	s := &tourStep{N: n, Of: len(tour), Key: p.Demo.Key, Last: n == len(tour)}
	if !s.Last {
		s.Visitor, s.Next = tour[n].visitor, tourURL(n+1)
	}
	return s
}

func (p *Pages) demoForm(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, "demo", demoPage{p.Demo, p.tourStep(0)})
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
