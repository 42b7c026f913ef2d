package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
	"countersign/web/people"
)

// vouching is a fake Frames that knows Ada.
type vouching struct{}

func (vouching) Token(_ context.Context, person, key string) (string, time.Duration, error) {
	switch person {
	case "ada":
		return "token of ada by " + key, 5 * time.Minute, nil
	case "cleo":
		return "", 0, people.ErrNoAgent
	case "away":
		return "", 0, errors.New("NATS is away")
	}
	return "", 0, people.ErrNobody
}

func TestAnEmbedTokenNamesAPersonWhoTakesCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Frames = vouching{} })
	got := s.post("/v1/embed-tokens", `{"person": "ada"}`)
	require.Equal(t, 200, got.status, got.text)
	assert.Equal(t, "token of ada by shop", got.body["token"], "the key that asked is known later")
	assert.EqualValues(t, 300, got.body["expires_in"])
	assert.NotContains(t, s.log.String(), "token of ada")
	for person, status := range map[string]int{"": 400, "nobody": 422, "cleo": 422, "away": 503} {
		assert.Equal(t, status, s.post("/v1/embed-tokens", `{"person": `+quote(person)+`}`).status, person)
	}
}

func TestWithoutPagesThatMayFrameUsThereAreNoEmbedTokens(t *testing.T) {
	t.Parallel()
	got := newSite(t).post("/v1/embed-tokens", `{"person": "ada"}`)
	assert.Equal(t, 503, got.status)
	assert.Contains(t, got.body["detail"], "web.embed.origins")
}

func TestNoOtherScopeMakesAnEmbedToken(t *testing.T) {
	t.Parallel()
	for _, scope := range access.Scopes() {
		s := newSite(t, func(o *Options) {
			o.Frames = vouching{}
			o.APIKeys = these(Key{Name: "crm", SHA256: sha256.Sum256([]byte(apiKey)), Scopes: []access.Scope{scope}})
		})
		want := 403
		if scope == access.Embed {
			want = 200
		}
		assert.Equal(t, want, s.post("/v1/embed-tokens", `{"person": "ada"}`).status, scope)
	}
	assert.NotContains(t, access.DefaultScopes(), access.Embed, "whoever makes one can be any agent")
}
