package people_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/shared"
	"countersign/web/access"
	"countersign/web/people"
)

// crm vouches for Ada, who takes calls, and is a supervisor, too.
type crm struct {
	*people.Frames
	book  *people.Book
	later atomic.Int64
}

func newCRM(t *testing.T) *crm {
	t.Helper()
	c := &crm{}
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	c.book = people.NewBook(shared.NewMemory(), func() time.Time { return start.Add(time.Duration(c.later.Load())) })
	c.Frames = people.NewFrames(c.book)
	for id, roles := range map[string][]access.Role{
		"ada": {access.Agent, access.Supervisor}, "cleo": {access.Supervisor}, "root": {access.Admin},
	} {
		_, err := c.book.Add(t.Context(), people.Person{ID: id, Name: id, Roles: roles, Agents: []string{"1001"}, Language: "de"})
		require.NoError(t, err)
	}
	return c
}

func (c *crm) wait(d time.Duration) { c.later.Add(int64(d)) }

func (c *crm) token(t *testing.T) string {
	t.Helper()
	token, life, err := c.Token(t.Context(), "Ada ", "crm")
	require.NoError(t, err)
	assert.Equal(t, 5*time.Minute, life)
	return token
}

func (c *crm) begin(t *testing.T) people.Frame {
	t.Helper()
	frame, err := c.Begin(t.Context(), c.token(t))
	require.NoError(t, err)
	return frame
}

func (c *crm) isIn(t *testing.T, session string) bool {
	t.Helper()
	_, ok, err := c.Who(t.Context(), session)
	require.NoError(t, err)
	return ok
}

func TestATokenBeginsOneSessionThatIsAnAgentsOnly(t *testing.T) {
	t.Parallel()
	c := newCRM(t)
	token := c.token(t)
	assert.False(t, c.isIn(t, token), "a token is no session")
	frame, err := c.Begin(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, "ada", frame.Person)
	assert.Equal(t, "crm", frame.Key)
	who, ok, err := c.Who(t.Context(), frame.Session)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, []access.Role{access.Agent}, who.Roles, "though she is a supervisor, too")
	assert.Equal(t, []string{"1001"}, who.Agents)
	for _, used := range []string{token, frame.Session, "", "guess"} {
		_, err = c.Begin(t.Context(), used)
		assert.ErrorIs(t, err, people.ErrEmbedToken)
	}
	assert.True(t, c.isIn(t, frame.Session), "what others try with her token does not end it")
	for _, guess := range []string{"", "guess", frame.Session + "x"} {
		assert.False(t, c.isIn(t, guess))
	}
}

func TestTokensAndSessionsOfFramesEnd(t *testing.T) {
	t.Parallel()
	c := newCRM(t)
	token := c.token(t)
	c.wait(5 * time.Minute)
	_, err := c.Begin(t.Context(), token)
	require.ErrorIs(t, err, people.ErrEmbedToken)
	frame := c.begin(t)
	c.wait(time.Hour - time.Second)
	assert.True(t, c.isIn(t, frame.Session))
	c.wait(time.Second)
	assert.False(t, c.isIn(t, frame.Session))
}

func TestOnlyAgentsWhoAreThereGetATokenForAFrame(t *testing.T) {
	t.Parallel()
	c := newCRM(t)
	_, _, err := c.Token(t.Context(), "nobody", "crm")
	require.ErrorIs(t, err, people.ErrNobody)
	_, _, err = c.Token(t.Context(), "cleo", "crm")
	require.ErrorIs(t, err, people.ErrNoAgent)
	_, err = c.book.Change(t.Context(), "ada", func(p *people.Person) error { p.Disabled = true; return nil })
	require.NoError(t, err)
	_, _, err = c.Token(t.Context(), "ada", "crm")
	require.ErrorIs(t, err, people.ErrNoAgent)
}

// What ends the sessions of a browser ends frames, and tokens that wait for one.
func TestAFrameIsOverWithThePerson(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*people.Person){
		"disabled":              func(p *people.Person) { p.Disabled = true },
		"signed out everywhere": func(p *people.Person) { p.Generation++ },
		"no agent any more":     func(p *people.Person) { p.Roles = []access.Role{access.Supervisor} },
		"another role":          func(p *people.Person) { p.Roles = append(p.Roles, access.Business) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCRM(t)
			frame, token := c.begin(t), c.token(t)
			require.True(t, c.isIn(t, frame.Session))
			_, err := c.book.Change(t.Context(), "ada", func(p *people.Person) error { change(p); return nil })
			require.NoError(t, err)
			assert.False(t, c.isIn(t, frame.Session))
			_, err = c.Begin(t.Context(), token)
			assert.ErrorIs(t, err, people.ErrEmbedToken)
		})
	}
}

func TestWhoeverRevokesAKeyEndsWhatItLetIn(t *testing.T) {
	t.Parallel()
	c := newCRM(t)
	var revoked atomic.Bool
	c.KeyHolds = func(_ context.Context, name string) (bool, error) {
		assert.Equal(t, "crm", name)
		return !revoked.Load(), nil
	}
	in, token := c.begin(t), c.token(t)
	assert.True(t, c.isIn(t, in.Session))
	revoked.Store(true)
	assert.False(t, c.isIn(t, in.Session))
	_, err := c.Begin(t.Context(), token)
	assert.ErrorIs(t, err, people.ErrEmbedToken)
}
