package staff_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
	"countersign/web/people"
)

// stream is the stream of a browser: its lines of data, closed when it ends.
func (b *browser) stream(t *testing.T) <-chan string {
	t.Helper()
	return b.streamAt(t, "/stream")
}

func (b *browser) streamAt(t *testing.T, path string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.o.url+path, nil)
	require.NoError(t, err)
	r.Header = b.header.Clone()
	client := *b.client
	client.Timeout = 0
	got, err := client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = got.Body.Close() })
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, "text/event-stream", got.Header.Get("Content-Type"))
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(got.Body); s.Scan(); {
			if data, ok := strings.CutPrefix(s.Text(), "data: "); ok && data != "1" {
				lines <- data
			}
		}
	}()
	return lines
}

func next(t *testing.T, lines <-chan string) (line string, ok bool) {
	t.Helper()
	select {
	case line, ok = <-lines:
		return line, ok
	case <-time.After(patience):
		require.Fail(t, "the stream says nothing and does not end")
		return "", false
	}
}

func TestTheStreamNeedsASession(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	assert.Equal(t, http.StatusUnauthorized, o.browser().get("/stream").status)
}

func TestTheStreamTellsWhatChanged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("agent", func(p *people.Person) { p.Agents = []string{"1001"} })
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"retail"} })
	agent, supervisor := o.as("agent").stream(t), o.as("supervisor").stream(t)
	o.happened("call-1", "orders", append(verifiedCall(), offered("1001"))...)
	line, _ := next(t, agent)
	assert.Equal(t, "desk", line)
	o.happened("call-2", "retail", verifiedCall()...)
	line, _ = next(t, supervisor)
	assert.Equal(t, "board", line)
}

// A board may be half a second old, so what changed last is told of once more.
func TestTheStreamTellsOfABoardAfterTheLastChange(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("supervisor")
	lines := o.as("supervisor").stream(t)
	board := func() {
		t.Helper()
		line, _ := next(t, lines)
		assert.Equal(t, "board", line)
	}
	board() // what was fetched before the stream was there may be old, too
	o.happened("call-1", "retail", verifiedCall()...)
	board()
	board()
}

func TestTheStreamEndsWhenThePersonMaySeeSomethingElse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(o *office, b *browser){
		"signed out here":       func(_ *office, b *browser) { b.post("/sign-out") },
		"signed out everywhere": func(o *office, _ *browser) { _ = o.book.SignOut(o.t.Context(), "supervisor") },
		"somebody else signed in": func(_ *office, b *browser) {
			b.post("/sign-in", "id", "agent", "password", password)
		},
		"disabled":     changed(func(p *people.Person) { p.Disabled = true }),
		"another role": changed(func(p *people.Person) { p.Roles = []access.Role{access.Business} }),
		"other lines":  changed(func(p *people.Person) { p.Lines = []string{"orders"} }),
		"other agents": changed(func(p *people.Person) { p.Agents = []string{"1007"} }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.pages.CheckStreamsEach(20 * time.Millisecond)
			o.hire("supervisor")
			o.hire("agent")
			b := o.as("supervisor")
			lines := b.stream(t)
			change(o, b)
			_, ok := next(t, lines)
			assert.False(t, ok)
		})
	}
}

func changed(change func(*people.Person)) func(*office, *browser) {
	return func(o *office, _ *browser) {
		_, err := o.book.Change(o.t.Context(), "supervisor", func(p *people.Person) error { change(p); return nil })
		require.NoError(o.t, err)
	}
}
