package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"countersign/web/access"
	"countersign/web/apikeys"
)

const noKeys = "This machine accepts no requests here, because there is no key. " +
	"Make one (countersign keys add NAME --scope SCOPE, or the page /keys), and send it as Authorization: Bearer KEY. " +
	"One of your own goes with its SHA-256 under web.keys in countersign.yaml."

// Keys are the keys that were made while the service runs.
type Keys interface {
	// Find says which key was shown; ok is false if there is none. An error means that nobody can know now.
	Find(ctx context.Context, shown string) (k apikeys.Key, ok bool, err error)
	// Any says whether there is a key at all.
	Any(ctx context.Context) bool
}

// authorized lets only requests with a key pass that may do what is asked.
func (a *api) authorized(scope access.Scope, next http.Handler) http.Handler {
	return handle(func(w http.ResponseWriter, r *http.Request) error {
		shown, ok := shownKey(r, scope)
		if !ok {
			if a.hasNoKeys(r) {
				return &problem{Status: http.StatusForbidden, Detail: noKeys}
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="countersign"`)
			return &problem{
				Status: http.StatusUnauthorized, Detail: "This address needs a key: send it as Authorization: Bearer KEY.",
			}
		}
		from := access.Remote(r)
		key, ok, err := a.find(r.Context(), shown)
		if err != nil {
			return unavailable("The keys cannot be read now. Try again.", err)
		}
		// Only wrong keys have to wait: behind a proxy everybody has the same address.
		if wait := a.failures.wait(from, a.Now()); wait > 0 && !ok {
			w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
			return &problem{
				Status: http.StatusTooManyRequests, Detail: "Too many wrong keys came from this address. Wait a minute.",
			}
		}
		if !ok && a.hasNoKeys(r) {
			return &problem{Status: http.StatusForbidden, Detail: noKeys}
		}
		if !ok {
			a.failures.add(from, a.Now())
			w.Header().Set("WWW-Authenticate", `Bearer realm="countersign", error="invalid_token"`)
			return &problem{Status: http.StatusUnauthorized, Detail: "This key is unknown, was revoked, or was rotated away."}
		}
		noteOf(r).key = key.Name
		if !slices.Contains(key.Scopes, scope) {
			return &problem{Status: http.StatusForbidden, Detail: key.mayNot(scope)}
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

func (a *api) hasNoKeys(r *http.Request) bool {
	return len(a.APIKeys()) == 0 && (a.Keys == nil || !a.Keys.Any(r.Context()))
}

// mayNot says what to do for a key to get the scope.
func (k Key) mayNot(scope access.Scope) string {
	if !k.made {
		return fmt.Sprintf("This key may not do this. To allow it, add %q to web.keys.%s.scopes in countersign.yaml, and "+
			"reload.", scope, k.Name)
	}
	return fmt.Sprintf("This key may not do this. To allow it, give it the scope %q on the page /keys, or with countersign "+
		"keys set %s.", scope, k.Name)
}

// shownKey is the key of a request. Gateways that send receipts often know only a name and a password: the key is the
// password then.
func shownKey(r *http.Request, scope access.Scope) (string, bool) {
	if _, password, ok := r.BasicAuth(); ok && scope == access.Receipts {
		return password, password != ""
	}
	return bearer(r)
}

func bearer(r *http.Request) (string, bool) {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	key = strings.TrimSpace(key)
	return key, ok && strings.EqualFold(scheme, "Bearer") && key != ""
}

// find finds a key, in constant time.
func (a *api) find(ctx context.Context, shown string) (key Key, ok bool, err error) {
	sum := sha256.Sum256([]byte(shown))
	for _, k := range a.APIKeys() {
		if subtle.ConstantTimeCompare(sum[:], k.SHA256[:]) == 1 {
			key, ok = k, true
		}
	}
	if ok || a.Keys == nil {
		return key, ok, nil
	}
	made, ok, err := a.Keys.Find(ctx, shown)
	return Key{Name: made.Name, Scopes: made.Scopes, made: true}, ok, err
}

const (
	// After maxFailures wrong keys an address has to wait until failureWindow is over.
	maxFailures   = 20
	failureWindow = time.Minute
	// maxAddresses bounds how many addresses are counted separately; all others are counted together.
	maxAddresses = 10_000
	// pruneEvery is how often expired addresses are removed once there are maxAddresses.
	pruneEvery = time.Second
)

// failures counts wrong keys by address.
type failures struct {
	mu     sync.Mutex
	from   map[netip.Prefix]failed
	pruned time.Time
}

type failed struct {
	n     int
	since time.Time
}

// wait is how long an address is blocked.
func (f *failures) wait(from netip.Prefix, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := f.from[f.slot(from)]
	if got.n < maxFailures {
		return 0
	}
	return max(0, got.since.Add(failureWindow).Sub(now))
}

func (f *failures) add(from netip.Prefix, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.from == nil {
		f.from = map[netip.Prefix]failed{}
	}
	if len(f.from) >= maxAddresses && now.Sub(f.pruned) >= pruneEvery {
		f.pruned = now
		for p, got := range f.from {
			if now.Sub(got.since) >= failureWindow {
				delete(f.from, p)
			}
		}
	}
	slot := f.slot(from)
	got := f.from[slot]
	if got.n == 0 || now.Sub(got.since) >= failureWindow {
		got = failed{since: now}
	}
	got.n++
	f.from[slot] = got
}

// slot is the key under which an address is counted.
func (f *failures) slot(from netip.Prefix) netip.Prefix {
	if _, counted := f.from[from]; !counted && len(f.from) >= maxAddresses {
		return netip.Prefix{}
	}
	return from
}
