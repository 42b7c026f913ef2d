package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/time/rate"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/provider"
)

// Provider is an identity provider.
type Provider interface {
	Name() string
	Begin(ctx context.Context) (address string, begun provider.Pending, err error)
	Finish(ctx context.Context, begun provider.Pending, query url.Values) (people.Identity, error)
}

// CallbackPath is where the identity provider sends browsers back to.
const CallbackPath = "/sign-in/oidc/callback"

// How many sign-ins at the provider and by passkey may begin (docs/policy.md#people). Each is kept for ten minutes.
const (
	beginsPerSecond = 20
	beginsAtOnce    = 200
)

func newBegins() *rate.Limiter { return rate.NewLimiter(beginsPerSecond, beginsAtOnce) }

const providerKind = "provider"

// atProvider is what the browser's session keeps meanwhile.
type atProvider struct {
	provider.Pending
	Next string `json:"next,omitempty"`
}

// beginAtProvider sends a browser to the identity provider. It changes nothing that matters, so a link may do it: the
// policy of the page would let no form be sent on to another host.
func (p *Pages) beginAtProvider(w http.ResponseWriter, r *http.Request) error {
	if p.Provider == nil {
		return refuse(http.StatusNotFound, "no_provider")
	}
	if !p.mayBegin(r) {
		return refuse(http.StatusTooManyRequests, "too_busy")
	}
	address, begun, err := p.Provider.Begin(r.Context())
	if err != nil {
		return p.providerError(r, err)
	}
	value, err := json.Marshal(atProvider{begun, nextOf(r, "")})
	if err != nil {
		return err
	}
	if err := p.Sessions.Begin(r.Context(), providerKind, value); err != nil {
		return p.peopleError(err)
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// finishAtProvider takes a browser that comes back.
func (p *Pages) finishAtProvider(w http.ResponseWriter, r *http.Request) error {
	if p.Provider == nil {
		return refuse(http.StatusNotFound, "no_provider")
	}
	query := r.URL.Query()
	var begun atProvider
	_, ok := p.Sessions.Take(r.Context(), providerKind, func(value []byte) bool {
		var this atProvider
		if json.Unmarshal(value, &this) != nil || this.State != query.Get("state") {
			return false
		}
		begun = this
		return true
	})
	if who, signedIn := access.From(r.Context()); !ok && signedIn { // in another tab
		http.Redirect(w, r, homeOf(who), http.StatusSeeOther)
		return nil
	}
	if !ok {
		return p.providerError(r, errNotBegun)
	}
	identity, err := p.Provider.Finish(r.Context(), begun.Pending, query)
	if err != nil {
		return p.providerError(r, err)
	}
	person, made, linked, err := p.Book.SignInWith(r.Context(), identity)
	if err != nil {
		p.Log.Warn("sign-in at the identity provider refused", "from", from(r), "person", person.ID, "err", err)
		return p.peopleError(err)
	}
	switch by := p.Provider.Name(); {
	case made:
		p.note(r, person.ID, audit.PersonAdded, "person "+person.ID, people.RolesText(person)+", by "+by)
	case linked:
		p.note(r, person.ID, audit.PersonChanged, "person "+person.ID, people.RolesText(person)+", known to "+by+" from now on")
	}
	if err := p.beginSession(w, r, person, p.Provider.Name()); err != nil {
		return err
	}
	to := begun.Next
	if to == "" {
		to = homeOf(person.Who())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// errNotBegun: the browser did not begin this sign-in, it has used the answer, or that was too long ago.
var errNotBegun = fmt.Errorf("%w: no sign-in with this state was begun in this browser", provider.ErrRefused)

// providerError logs why, and says to the person what to do.
func (p *Pages) providerError(r *http.Request, err error) error {
	if errors.Is(err, provider.ErrRefused) {
		p.Log.Warn("sign-in at the identity provider refused", "from", from(r), "err", err)
		return refuse(http.StatusForbidden, "provider_refused", p.Provider.Name())
	}
	p.Log.Error("identity provider not reached", "err", err)
	return refuse(http.StatusServiceUnavailable, "provider_away", p.Provider.Name())
}
