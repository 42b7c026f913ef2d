package staff_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/staff"
)

// within is the text between two others.
func within(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, before)
	require.True(t, ok, "no %s in %s", before, text)
	found, _, ok := strings.Cut(rest, after)
	require.True(t, ok)
	return found
}

func TestAKeyIsMadeShownOnceRotatedAndRevokedInTheBrowser(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("admin")
	admin := o.as("admin")
	assert.Contains(t, admin.get("/keys").text, "There are no keys yet.")

	got := admin.post("/keys", "name", "Shop", "scope_calls", "1", "scope_tokens", "1")
	require.Equal(t, http.StatusOK, got.status, got.text)
	first := within(t, got.text, `<code id="secret">`, "<")
	require.True(t, strings.HasPrefix(first, "csk_shop_"), first)
	assert.Equal(t, http.StatusConflict, admin.post("/keys", "name", "shop", "scope_calls", "1").status)
	opens := func(secret string) bool {
		program := o.browser()
		program.header.Set("Authorization", "Bearer "+secret)
		return program.get("/v1/calls/none").status == http.StatusServiceUnavailable // it may ask; nothing is there
	}
	assert.True(t, opens(first))
	page := admin.get("/keys/shop").text
	for _, p := range []string{page, admin.get("/keys").text} {
		assert.NotContains(t, p, first, "it is shown once")
		assert.Contains(t, p, o.clock().UTC().Format(time.DateOnly), "the day of its last use")
	}

	since := within(t, page, `name="since" value="`, `"`)
	got = admin.post("/keys/shop/rotate", "grace", "1h", "since", since)
	require.Equal(t, http.StatusOK, got.status, got.text)
	second := within(t, got.text, `<code id="secret">`, "<")
	assert.Contains(t, got.text, "Its former key is good until")
	again := admin.post("/keys/shop/rotate", "grace", "1h", "since", since)
	assert.Equal(t, http.StatusConflict, again.status, "the page was loaded again")
	assert.True(t, opens(first))
	assert.True(t, opens(second))
	o.later(time.Hour)
	assert.False(t, opens(first))
	assert.True(t, opens(second))

	assert.Equal(t, http.StatusSeeOther, admin.post("/keys/shop", "scope_tokens", "1").status)
	assert.False(t, opens(second), "it may read no calls any more")
	assert.Equal(t, http.StatusUnprocessableEntity, admin.post("/keys/shop").status, "it may do nothing")
	assert.Equal(t, http.StatusSeeOther, admin.post("/keys/shop", "scope_calls", "1").status)
	assert.Equal(t, http.StatusUnprocessableEntity, admin.post("/keys/shop/revoke").status, "nobody was sure")
	assert.True(t, opens(second))
	assert.Equal(t, http.StatusSeeOther, admin.post("/keys/shop/revoke", "sure", "1").status)
	assert.False(t, opens(second))
	assert.Equal(t, http.StatusNotFound, admin.get("/keys/shop").status)

	var actions []string
	for _, e := range o.audited {
		if strings.HasPrefix(e.Object, "key ") {
			assert.Equal(t, "admin", e.Actor)
			actions = append(actions, e.Action)
		}
		assert.NotContains(t, e.Detail+e.Object, first)
	}
	assert.Equal(t, []string{
		audit.KeyAdded, audit.KeyRotated, audit.KeyChanged, audit.KeyChanged, audit.KeyRevoked,
	}, actions)
	assert.NotContains(t, o.log.String(), first)
	assert.NotContains(t, o.log.String(), second)
}

func TestWhatIsWrongWithAKeyIsSaid(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("admin")
	admin := o.as("admin")
	for want, form := range map[string][]string{
		"must be a word":     {"name", "a b", "scope_calls", "1"},
		"a scope is missing": {"name", "shop"},
	} {
		got := admin.post("/keys", form...)
		assert.Equal(t, http.StatusUnprocessableEntity, got.status)
		assert.Contains(t, got.text, want)
	}
	_, _, err := o.keys.Add(t.Context(), "shop", []access.Scope{access.Calls})
	require.NoError(t, err)
	since := within(t, admin.get("/keys/shop").text, `name="since" value="`, `"`)
	for _, grace := range []string{"9999h", "-1h", "soon"} {
		assert.Equal(t, http.StatusBadRequest, admin.post("/keys/shop/rotate", "grace", grace, "since", since).status)
	}
}

func TestKeysOfTheSettingsAreShown(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(s *staff.Options) {
		s.SettingsKeys = func() []staff.SettingsKey {
			return []staff.SettingsKey{{Name: "old-screen", Scopes: access.DefaultScopes()}}
		}
	})
	o.hire("admin")
	admin := o.as("admin")
	text := admin.get("/keys").text
	assert.Contains(t, text, "old-screen")
	assert.Contains(t, text, "In the settings: change it there.")
	admin.post("/me/language", "language", "de")
	assert.Contains(t, admin.get("/keys").text, "In den Einstellungen")
	assert.Equal(t, http.StatusNotFound, admin.get("/keys/old-screen").status)
}
