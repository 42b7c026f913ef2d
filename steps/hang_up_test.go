package steps_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/guard"
	"countersign/session/sessiontest"
	"countersign/session/shared"
	"countersign/steps"
)

// slow is a directory that answers when the caller is gone.
type slow struct {
	*directory
	gone func()
	err  error
}

func (d slow) Check(ctx context.Context, customer, kind string, answer session.Secret) (bool, error) {
	ok, _ := d.directory.Check(ctx, customer, kind, answer)
	d.gone()
	if d.err != nil {
		return false, d.err
	}
	return ok, ctx.Err() // as an HTTP client would
}

func TestWhoeverHangsUpAnAnswerThatWasCheckedAndWrongCounts(t *testing.T) {
	t.Parallel()
	hungUp := &session.HangupError{Cause: "NORMAL_CLEARING"}
	for name, c := range map[string]struct {
		cause  error
		keys   string
		outage error
		want   int // of 12 checks
	}{
		"the caller hangs up, wrong":               {hungUp, "1111#", nil, 5},
		"the telephone system is lost, wrong":      {session.ErrLineLost, "1111#", nil, 5},
		"the service stops, wrong":                 {session.ErrDraining, "1111#", nil, 5},
		"another program takes the call, wrong":    {session.ErrTakenAway, "1111#", nil, 5},
		"the call has taken too long, wrong":       {session.ErrTooLong, "1111#", nil, 5},
		"the caller hangs up, right":               {hungUp, "2468#", nil, 0},
		"the service stops, right":                 {session.ErrDraining, "2468#", nil, 0},
		"the caller hangs up, and the CRM is down": {hungUp, "1111#", errors.New("down"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := guard.New(guard.Options{
				Store: shared.NewMemory(), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler),
			})
			require.NoError(t, err)
			d := slow{directory: bank(), err: c.outage}
			for i := range 12 {
				ch, j := &sessiontest.Channel{Moves: keys(c.keys)}, &sessiontest.Journal{}
				d.gone = func() { ch.End(c.cause) }
				l := line(steps.Directory(d))
				l.Identify = []session.Step{named{}}
				o := session.Options{
					Journal: j, Prompts: sessiontest.Prompts{}, Guard: g, Line: func(session.Call) *session.Line { return l },
				}
				call := session.Call{ID: fmt.Sprint("call-", i), Channel: "u", Started: time.Now()}
				session.NewRunner(o).Run(ch.Start(t.Context()), call, ch)
				ch.End(nil)
			}
			a, err := g.Attempts(t.Context(), "C-1")
			require.NoError(t, err)
			assert.Equal(t, c.want, a.Failures)
			assert.Equal(t, c.want == 5, a.Locked)
		})
	}
}

// named identifies Ada as if by her account.
type named struct{}

func (named) Name() string { return "account" }
func (named) Run(context.Context, *session.Session) (session.Outcome, error) {
	return session.IdentifiedAs(ada, event.MethodAccount), nil
}

func TestOneNumberHasNotCodesSentToOneCustomerAfterTheOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		gateway error
		want    int // calls of 12 that were asked who they are
	}{
		"sent": {nil, 4}, "the gateway is down": {errors.New("down"), 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := guard.New(guard.Options{
				Store: shared.NewMemory(), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler),
			})
			require.NoError(t, err)
			p, named := &phoneCompany{err: c.gateway}, 0
			for i := range 12 {
				ch, j := &sessiontest.Channel{Moves: keys("*")}, &sessiontest.Journal{}
				l := verifying(enrolled(), 2, possession(smsCode(enrolled(), p)))
				l.ANI = nil
				l.Identify = []session.Step{namedAs{fmt.Sprint("account-", i), &named}}
				o := session.Options{
					Journal: j, Prompts: sessiontest.Prompts{}, Guard: g, Line: func(session.Call) *session.Line { return l },
				}
				call := session.Call{
					ID: fmt.Sprint("call-", i), Channel: "u", Started: time.Now(), Caller: "+15557654321",
				}
				session.NewRunner(o).Run(ch.Start(t.Context()), call, ch)
				ch.End(nil)
			}
			assert.Equal(t, c.want, named)
			if c.gateway == nil {
				assert.Len(t, p.sent, c.want)
			}
		})
	}
}

// namedAs identifies Ada by one of many accounts, and counts.
type namedAs struct {
	account string
	times   *int
}

func (namedAs) Name() string { return "account" }
func (n namedAs) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	*n.times++
	s.Named(ctx, "account", n.account)
	return session.IdentifiedAs(ada, event.MethodAccount), nil
}
