package esl_test

import (
	"context"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collectThenInsist goes on like a step and the runner: another prompt, then a transfer.
func collectThenInsist(t *testing.T) func(context.Context, session.Channel) error {
	return func(ctx context.Context, ch session.Channel) error {
		_, err := ch.Collect(ctx, pin())
		require.Error(t, err)
		assert.ErrorIs(t, ch.Play(ctx, []string{"/p/failure.wav"}), session.ErrTakenAway)
		assert.ErrorIs(t, ch.Transfer(ctx, handover()), session.ErrTakenAway)
		return err
	}
}

// What FreeSWITCH 1.10.12 sends when the dead-man switch moves a call whose service hangs: the broken-off prompt
// completes at another destination, then what was queued, then the application socket itself; then the dialplan's own
// actions.
func TestACallThatWasTakenAwayIsNotTouchedAnyMore(t *testing.T) {
	t.Parallel()
	o, h := handle(t, collectThenInsist(t))
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	c := p.Expect("play_and_get_digits")
	forget := p.Expect("multiset")
	p.Send(esltest.OK())
	p.Send(esltest.OK())
	away := []string{"Caller-Destination-Number", "countersign-unavailable"}
	p.Send(esltest.Completion(c, away...))
	p.Send(esltest.Completion(forget, away...))
	p.Send(esltest.Completion(esltest.Command{App: "socket"}, away...))
	require.ErrorIs(t, o.wait(), session.ErrTakenAway)
	require.ErrorIs(t, o.cause, session.ErrTakenAway)
	// socket_resume is still true: if the connection closed now, FreeSWITCH would reset the call.
	p.ExpectNothingFor(50 * time.Millisecond)
	p.Send(esltest.Completion(
		esltest.Command{App: "unset", Arg: "socket_resume"}, append(away, "variable_socket_resume", "")...,
	))
	p.ExpectClosedWithoutAWord()
}

// Either sign is enough: FreeSWITCH sends one, the other, or both, in any order.
func TestEitherSignShowsThatACallWasTakenAway(t *testing.T) {
	t.Parallel()
	const gone = "countersign-unavailable"
	for name, sign := range map[string]func(prompt, forget esltest.Command) string{
		"the application socket completes where the call was": func(_, _ esltest.Command) string {
			return esltest.Completion(esltest.Command{App: "socket"})
		},
		"the prompt completes elsewhere": func(prompt, _ esltest.Command) string {
			return esltest.Completion(prompt, "Caller-Destination-Number", gone, "variable_read_result", "success",
				"variable_cs_digits", "2468")
		},
		"what was queued behind the prompt completes elsewhere": func(_, forget esltest.Command) string {
			return esltest.Completion(forget, "Caller-Destination-Number", gone)
		},
		"an application that is not ours completes elsewhere": func(_, _ esltest.Command) string {
			return esltest.Completion(esltest.Command{App: "playback"}, "Caller-Destination-Number", gone)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, h := handle(t, collectThenInsist(t))
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			c := p.Expect("play_and_get_digits")
			forget := p.Expect("multiset")
			p.Send(esltest.OK())
			p.Send(esltest.OK())
			p.Send(sign(c, forget))
			require.ErrorIs(t, o.wait(), session.ErrTakenAway)
			require.ErrorIs(t, o.cause, session.ErrTakenAway)
			p.Send(esltest.Completion(esltest.Command{App: "unset", Arg: "socket_resume"},
				"Caller-Destination-Number", gone, "variable_socket_resume", ""))
			p.ExpectClosedWithoutAWord()
		})
	}
}

func TestOurOwnTransferIsNotACallTakenAway(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error { return ch.Transfer(ctx, handover()) })
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Do("sched_cancel")
	p.Do("multiset")
	p.Do("export")
	p.Do("export")
	transfer := p.Expect("transfer")
	p.Send(esltest.OK())
	p.Send(esltest.Completion(esltest.Command{App: "socket"}, "Caller-Destination-Number", "menu"))
	p.Send(esltest.Completion(transfer, "Caller-Destination-Number", "menu"))
	require.NoError(t, o.wait())
	require.NoError(t, o.cause)
	p.Expect("exit")
	p.Close()
}

// A process that was stopped has unread events when it goes on: it queries before it acts.
func TestAfterALongSilenceTheServerQueriesBeforeItActs(t *testing.T) {
	t.Parallel()
	slow := make(chan struct{})
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		<-slow
		return ch.Transfer(ctx, handover())
	})
	_, addr := serve(t, esl.Options{Stale: time.Millisecond}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	time.AfterFunc(time.Second, func() { close(slow) })
	p.Expect("getvar uuid")
	p.Send(esltest.Completion(
		esltest.Command{App: "socket"}, "Caller-Destination-Number", "countersign-unavailable", "variable_socket_resume", "",
	))
	p.Send(esltest.Reply(esltest.Channel))
	require.ErrorIs(t, o.wait(), session.ErrTakenAway)
	p.ExpectClosedWithoutAWord()
}
