package web

import (
	"cmp"
	"net/http"

	"countersign/web/access"
)

// Staff answers requests of people for the screens.
type Staff interface {
	// Load makes the session of a request available to next.
	Load(next http.Handler) http.Handler
	// Who is the person of a loaded request; ok is false if nobody is signed in.
	Who(r *http.Request) (w access.Who, ok bool, err error)
	// Framed is the person whose frame in another page asks; ok is false if it has no session.
	Framed(r *http.Request) (w access.Who, ok bool, err error)
	// Refuse answers a request that is not allowed: 401 if nobody is signed in, 403 if they lack the role, 503 if we
	// cannot know.
	Refuse(w http.ResponseWriter, r *http.Request, status int)
}

// guarded lets only those pass whom the rule of the route allows.
func (a *api) guarded(r access.Route) http.Handler {
	h := r.Handler
	if r.Often {
		next := h
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			noteOf(r).often = true
			next.ServeHTTP(w, r)
		})
	}
	if !r.Stream {
		h = bounded(cmp.Or(r.Within, requestTimeout), h)
	}
	switch {
	case r.Rule.Scope() != "":
		return a.authorized(r.Rule.Scope(), h)
	case r.Rule.IsFramed() && a.Staff != nil:
		return a.onlyStaff(r.Rule, a.Staff.Framed, h)
	case len(r.Rule.Roles()) > 0 && a.Staff != nil:
		return a.ofPeople(a.onlyStaff(r.Rule, a.Staff.Who, h))
	case r.Rule.IsPublic() && a.Staff != nil && r.Page:
		return a.ofPeople(a.known(h))
	case r.Rule.IsPublic():
		return h
	}
	return handle(nothingHere)
}

// ofPeople is for routes that browsers use with a cookie: nothing that another site makes a browser send passes.
func (a *api) ofPeople(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteOf(r).refused = "cross-origin request"
		a.Staff.Refuse(w, r, http.StatusForbidden)
	}))
	return protection.Handler(a.Staff.Load(next))
}

// known adds the person, if one is signed in, to the request.
func (a *api) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who, ok, err := a.Staff.Who(r); ok && err == nil {
			noteOf(r).person = who.ID
			r = r.WithContext(access.With(r.Context(), who))
		}
		next.ServeHTTP(w, r)
	})
}

// onlyStaff lets only people pass whom the rule allows. whose says whose a request is.
func (a *api) onlyStaff(
	rule access.Rule, whose func(*http.Request) (access.Who, bool, error), next http.Handler,
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok, err := whose(r)
		switch n := noteOf(r); {
		case err != nil:
			n.err = err
			a.Staff.Refuse(w, r, http.StatusServiceUnavailable)
		case !ok:
			a.Staff.Refuse(w, r, http.StatusUnauthorized)
		case !rule.Allows(who.Roles):
			n.person, n.refused = who.ID, "role"
			a.Staff.Refuse(w, r, http.StatusForbidden)
		default:
			n.person = who.ID
			next.ServeHTTP(w, r.WithContext(access.With(r.Context(), who)))
		}
	})
}
