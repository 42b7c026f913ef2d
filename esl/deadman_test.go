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

const whenHung = "countersign-unavailable XML countersign"

// The dead-man switch is off while something is played or asked, however long that takes, and armed behind it in the
// same write, so that it runs whether we still live or not.
func TestTheDeadManSwitchIsArmedBehindEveryPrompt(t *testing.T) {
	t.Parallel()
	const armed = "sched_transfer +18 " + whenHung
	listen := session.Listen{Engine: "pocketsphinx", Grammar: "words", Start: 5 * time.Second, Speech: 8 * time.Second}
	for _, c := range []struct {
		name string
		to   string
		do   func(ctx context.Context, ch session.Channel) error
		sent []string
	}{
		{"a question", whenHung, func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Collect(ctx, pin())
			return err
		}, []string{armed, "sched_cancel ", "play_and_get_digits", "multiset", armed}},
		{"a prompt while the caller waits", whenHung, func(ctx context.Context, ch session.Channel) error {
			return ch.Fill(ctx, []string{"/p/one-moment.wav"})
		}, []string{armed, "sched_cancel ", "multiset", "playback", "multiset", armed}},
		{"a prompt to its end", whenHung, func(ctx context.Context, ch session.Channel) error {
			return ch.Play(ctx, []string{"/p/confirmation.wav"})
		}, []string{armed, "sched_cancel ", "playback", armed}},
		{"listening, which cannot have it behind", whenHung, func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Listen(ctx, listen)
			return err
		}, []string{armed, "sched_cancel ", "sched_transfer +20 " + whenHung, "execute_extension"}},
		{"a transfer", whenHung, func(ctx context.Context, ch session.Channel) error {
			return ch.Transfer(ctx, handover())
		}, []string{armed, "sched_cancel ", "multiset", "export", "export", "transfer"}},
		{"a dialplan that does not say where to", "", func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Collect(ctx, pin())
			return err
		}, []string{"play_and_get_digits", "multiset"}},
		{"a dialplan that names no destination", "agents|x XML default", func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Collect(ctx, pin())
			return err
		}, []string{"play_and_get_digits", "multiset"}},
		{"a dialplan that would hang up", "hangup", func(ctx context.Context, ch session.Channel) error {
			_, err := ch.Collect(ctx, pin())
			return err
		}, []string{"play_and_get_digits", "multiset"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, h := handle(t, c.do)
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open("variable_cs_when_hung", c.to)
			var sent []string
			for range c.sent { // nothing is answered yet
				cmd := p.Next()
				switch cmd.App {
				case "sched_cancel", "sched_transfer":
					sent = append(sent, cmd.App+" "+cmd.Arg)
				default:
					sent = append(sent, cmd.App)
				}
			}
			assert.Equal(t, c.sent, sent)
			p.Close()
			require.ErrorIs(t, o.wait(), session.ErrLineLost)
		})
	}
}
