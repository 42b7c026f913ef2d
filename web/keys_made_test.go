package web

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/session/shared"
	"countersign/web/access"
	"countersign/web/apikeys"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// siteWithBook is the API with keys that are made while it runs, and none in the settings.
func siteWithBook(t *testing.T) (*site, *apikeys.Book) {
	t.Helper()
	var book *apikeys.Book
	s := newSite(t, func(o *Options) {
		book = apikeys.NewBook(shared.NewMemory(), o.Now, nil)
		o.APIKeys, o.Keys = nil, book
	})
	return s, book
}

func TestAKeyThatIsMadeWorksAtOnceAndNoLongerOnceRevoked(t *testing.T) {
	t.Parallel()
	s, book := siteWithBook(t)
	path := "/v1/calls/" + callOne
	got := s.get(path)
	assert.Equal(t, 403, got.status, "there is none yet")
	assert.Contains(t, got.body["detail"], "countersign keys add")
	_, secret, err := book.Add(t.Context(), "screen", []access.Scope{access.Calls})
	require.NoError(t, err)
	assert.Equal(t, 200, s.get(path, withKey(secret)).status)
	assert.Equal(t, 401, s.get(path).status, "a wrong one")
	_, next, err := book.Rotate(t.Context(), "screen", time.Hour)
	require.NoError(t, err)
	assert.Equal(t, 200, s.get(path, withKey(secret)).status)
	assert.Equal(t, 200, s.get(path, withKey(next)).status)
	s.later(time.Hour)
	assert.Equal(t, 401, s.get(path, withKey(secret)).status, "the grace time is over")
	assert.Equal(t, 200, s.get(path, withKey(next)).status)
	require.NoError(t, book.Revoke(t.Context(), "screen"))
	_, _, err = book.Add(t.Context(), "another", []access.Scope{access.Calls})
	require.NoError(t, err)
	assert.Equal(t, 401, s.get(path, withKey(next)).status)
	assert.Contains(t, s.log.String(), "key=screen")
	assert.NotContains(t, s.log.String(), next)
}

func TestAMadeKeyMayDoWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	s, book := siteWithBook(t)
	for _, scope := range access.Scopes() {
		_, secret, err := book.Add(t.Context(), "k-"+string(scope), []access.Scope{scope})
		require.NoError(t, err)
		for _, r := range (&api{}).routes() {
			got := s.ask(r.Method, filled(r), "application/json", `{}`, withKey(secret))
			if r.Rule.IsPublic() || r.Rule.Scope() == scope {
				assert.NotContains(t, []int{401, 403}, got.status, "%s %s", r.Path, scope)
				continue
			}
			assert.Equal(t, 403, got.status, "%s %s", r.Path, scope)
			assert.Contains(t, got.body["detail"], fmt.Sprintf("countersign keys set k-%s", scope))
		}
	}
}

func TestMadeKeysAndThoseOfTheSettingsWorkBesideEachOther(t *testing.T) {
	t.Parallel()
	var book *apikeys.Book
	s := newSite(t, func(o *Options) {
		book = apikeys.NewBook(shared.NewMemory(), o.Now, nil)
		o.Keys = book
	})
	_, secret, err := book.Add(t.Context(), "screen", []access.Scope{access.Calls})
	require.NoError(t, err)
	path := "/v1/calls/" + callOne
	assert.Equal(t, 200, s.get(path).status)
	assert.Equal(t, 200, s.get(path, withKey(secret)).status)
	for n := range maxFailures {
		assert.Equal(t, 401, s.get(path, withKey(fmt.Sprint("csk_screen_guess-", n))).status)
	}
	assert.Equal(t, 429, s.get(path, withKey("csk_screen_guess")).status, "wrong ones count as they do everywhere")
	assert.Equal(t, 200, s.get(path, withKey(secret)).status)
}

// lostKeys cannot be read.
type lostKeys struct{}

func (lostKeys) Find(context.Context, string) (apikeys.Key, bool, error) {
	return apikeys.Key{}, false, errors.New("NATS is away")
}
func (lostKeys) Any(context.Context) bool { return true }

func TestKeysThatCannotBeReadAreNoWrongKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Keys = lostKeys{} })
	path := "/v1/calls/" + callOne
	for range maxFailures + 1 {
		assert.Equal(t, 503, s.get(path, withKey("csk_screen_right")).status)
	}
	assert.Equal(t, 200, s.get(path).status, "a key of the settings needs no shared state")
}
