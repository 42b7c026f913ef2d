package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/sessiontest"
)

// slices asks with News, which there are at the n-th question, on a channel that gives these entries in turn. It
// returns how many seconds each Collect waited for the first key, and whether it listened.
func slices(t *testing.T, n int, speech *session.Speech, all ...session.Entry) (
	got session.Entry, waits []int, listened []bool,
) {
	t.Helper()
	ch := &entries{all: all}
	questions := 0
	ask := step{"ask", func(ctx context.Context, s *session.Session) (session.Outcome, error) {
		var err error
		got, err = s.Ask(ctx, session.Ask{
			Prompts: []string{"code"}, Min: 6, Max: 6, FirstDigit: 12 * time.Second, Speech: speech,
			News: func() bool { questions++; return questions == n },
		})
		require.NoError(t, err)
		return session.Passed(), nil
	}}
	l := line(func(l *session.Line) { l.Identify = []session.Step{ask} })
	o := session.Options{
		Journal: &sessiontest.Journal{}, Prompts: sessiontest.Prompts{},
		Line: func(session.Call) *session.Line { return l },
	}
	session.NewRunner(o).Run(ch.Start(t.Context()), session.Call{ID: "call-1", Channel: "u-1", Started: time.Now()}, ch)
	ch.End(nil)
	for i, c := range ch.asked {
		waits, listened = append(waits, int(c.FirstDigit.Seconds())), append(listened, c.Speech != nil)
		assert.Equal(t, i == 0, len(c.Files) > 0, "the prompt is played once")
	}
	return got, waits, listened
}

func TestACallerIsAskedInSlicesWhileThereMayBeNews(t *testing.T) {
	t.Parallel()
	const never = 0
	silence := session.Entry{}
	code := session.Entry{Class: session.Input, Keyed: 6, Digits: session.NewSecret([]byte("246813"))}
	deaf := session.Entry{Deaf: true}
	got, waits, _ := slices(t, never, nil, silence, silence, silence, silence, silence, silence)
	assert.Equal(t, silence, got)
	assert.Equal(t, []int{2, 2, 2, 2, 2, 2}, waits, "12 s in all")
	got, waits, _ = slices(t, 2, nil, silence, silence)
	assert.Equal(t, silence, got, "the news came")
	assert.Equal(t, []int{2, 2}, waits)
	got, _, _ = slices(t, never, nil, silence, code)
	assert.Equal(t, code, got)

	// Who begins to speak between two slices is not heard, so there are fewer of them.
	got, waits, listened := slices(t, never, &session.Speech{Engine: "own"}, silence, silence, code)
	assert.Equal(t, code, got)
	assert.Equal(t, []int{5, 5, 2}, waits)
	assert.Equal(t, []bool{true, true, true}, listened)
	got, waits, listened = slices(t, never, &session.Speech{Engine: "own"}, deaf, silence, code)
	code.Deaf = true
	assert.Equal(t, code, got, "the step hears that the engine did not work")
	assert.Equal(t, []int{5, 2, 2}, waits)
	assert.Equal(t, []bool{true, false, false}, listened, "and it is not tried again")
}
