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

// counting is a guard that records the numbers it was asked about.
type counting struct {
	guard
	numbers []string
}

func (c *counting) Caller(ctx context.Context, number string) session.Standing {
	c.numbers = append(c.numbers, number)
	return c.guard.Caller(ctx, number)
}

func TestAHiddenOrForgedNumberIsCountedApartAndNotUsed(t *testing.T) {
	t.Parallel()
	const number = "+15551230001"
	plain, hidden, forged := []string{number}, []string{"withheld " + number}, []string{"forged " + number}
	ours, err := session.NewPlaceholders([]string{"+4930901820"}, "")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		call    session.Call
		used    string
		counted []string
	}{
		"attestation A":               {session.Call{Caller: number, Trust: session.TrustFull}, number, plain},
		"no attestation":              {session.Call{Caller: number}, number, plain},
		"hidden":                      {session.Call{Caller: number, Withheld: true}, "", hidden},
		"forged":                      {session.Call{Caller: number, Trust: session.TrustFailed}, "", forged},
		"hidden and forged":           {session.Call{Caller: number, Withheld: true, Trust: session.TrustFailed}, "", hidden},
		"none":                        {session.Call{}, "", nil},
		"none, and hidden":            {session.Call{Withheld: true}, "", nil},
		"no number":                   {session.Call{Caller: "anonymous"}, "", nil},
		"without a country of a line": {session.Call{Caller: "5551230001"}, "", []string{"unread 5551230001"}},
		"a placeholder":               {session.Call{Caller: "+86282452253"}, "", nil},
		"one that the company names":  {session.Call{Caller: "+4930901820"}, "", nil},
		"parameters of a trunk":       {session.Call{Caller: number + ";verstat=No-TN-Validation"}, number, plain},
	} {
		var used string
		g := &counting{}
		l := line(func(l *session.Line) {
			ani := func(_ context.Context, s *session.Session) (session.Outcome, error) {
				used = s.Number()
				return session.Passed(), nil
			}
			l.Identify = []session.Step{step{"ani", ani}}
		})
		ch := &sessiontest.Channel{}
		c.call.ID, c.call.Channel, c.call.Started = "call-1", "u-1", time.Now()
		o := session.Options{
			Journal: &sessiontest.Journal{}, Prompts: sessiontest.Prompts{}, Guard: g,
			Line: func(session.Call) *session.Line { return l }, Placeholders: ours,
		}
		session.NewRunner(o).Run(ch.Start(t.Context()), c.call, ch)
		ch.End(nil)
		assert.Equal(t, c.used, used, name)
		assert.Equal(t, c.counted, g.numbers, name)
	}
}
