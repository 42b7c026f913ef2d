package esl_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestARecordingIsMaskedInFrontOfASecret plays a call with two questions, the second for a secret, and looks at every
// application that FreeSWITCH is told to run.
func TestARecordingIsMaskedInFrontOfASecret(t *testing.T) {
	t.Parallel()
	const path = "/var/recordings/2025 11/a b.wav"
	plain := []string{"playback", "play_and_get_digits", "play_and_get_digits", "play_and_get_digits", "playback",
		"transfer"}
	for _, c := range []struct {
		name, recording, offer string
		want                   []string
	}{
		{"not recorded", "", withEvents, plain},
		{"recorded", path, withEvents, []string{"playback", "play_and_get_digits",
			"record_session_mask " + path, "play_and_get_digits", "play_and_get_digits", "record_session_unmask " + path,
			"playback", "transfer"}},
		{"recorded, keys in the sound", path, withoutEvents, []string{"start_dtmf",
			"record_session_mask " + path, "playback", "play_and_get_digits", "play_and_get_digits", "play_and_get_digits",
			"playback", "record_session_unmask " + path, "stop_dtmf", "transfer"}},
		{"not recorded, keys in the sound", "", withoutEvents,
			append(append([]string{"start_dtmf"}, plain[:5]...), "stop_dtmf", "transfer")},
		{"all recordings", "all", withEvents, []string{"playback", "play_and_get_digits",
			"stop_record_session all", "play_and_get_digits", "play_and_get_digits", "playback", "transfer"}},
		{"a name that cannot be used", "/tmp/${uuid}.wav", withEvents, []string{"playback", "play_and_get_digits",
			"stop_record_session all", "play_and_get_digits", "play_and_get_digits", "playback", "transfer"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
				ask, secret := pin(), pin()
				secret.Secret = true
				if err := ch.Play(ctx, []string{"/p/greeting.wav"}); err != nil {
					return err
				}
				for _, q := range []session.Collect{ask, secret, secret} {
					if _, err := ch.Collect(ctx, q); err != nil {
						return err
					}
				}
				if err := ch.Play(ctx, []string{"/p/confirmation.wav"}); err != nil {
					return err
				}
				return ch.Transfer(ctx, session.Handover{To: session.Destination{
					Extension: "agents", Dialplan: "XML", Context: "default"}})
			})
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open("variable_cs_recording", c.recording, "variable_switch_r_sdp", c.offer)
			assert.Equal(t, c.want, ran(p))
			require.NoError(t, o.wait())
		})
	}
}

// ran lets applications succeed until the call is transferred, and returns their names. Of those about recordings it
// has the argument, of questions each is answered; what always belongs to a question or a hand-over is left out.
func ran(p *esltest.Peer) (names []string) {
	for {
		c := p.Next()
		p.Send(esltest.OK())
		switch {
		case c.App == "multiset", c.App == "sched_cancel":
			continue
		case c.App == "play_and_get_digits":
			p.Send(esltest.Completion(c, "variable_read_result", "success", "variable_cs_digits", "246813"))
		default:
			p.Send(esltest.Completion(c))
		}
		name := c.App
		if strings.Contains(name, "record") {
			name += " " + c.Arg
		}
		if names = append(names, name); c.App == "transfer" {
			return names
		}
	}
}

// TestWhatIsSaidIsMaskedFromThePromptOn: a caller may speak before the prompt has ended.
func TestWhatIsSaidIsMaskedFromThePromptOn(t *testing.T) {
	t.Parallel()
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		_, err := ch.Listen(ctx, session.Listen{Files: []string{"/p/ask-passphrase.wav"}, Engine: "pocketsphinx",
			Grammar: "words", Start: time.Second, Speech: time.Second, Secret: true})
		return err
	})
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open("variable_cs_recording", "/r/a.wav")
	assert.Equal(t, "/r/a.wav", p.Do("record_session_mask").Arg)
	p.Do("playback")
	c := p.Expect("execute_extension")
	p.Send(esltest.OK())
	p.Send(esltest.Completion(esltest.Command{App: "play_and_detect_speech"}, "Application-Response", "ERROR"))
	p.Send(esltest.Completion(c))
	require.ErrorIs(t, o.wait(), session.ErrNoSpeech)
}
