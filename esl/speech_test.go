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

// phrase is what these tests listen for.
func phrase() session.Listen {
	return session.Listen{
		Files: []string{"/p/say.wav"}, Engine: "pocketsphinx", Grammar: "words", Start: 5 * time.Second,
		Speech: 8 * time.Second,
	}
}

// listening serves one call that listens once.
func listening(t *testing.T, l session.Listen, o esl.Options) (*oneCall, *session.Heard, *esltest.Peer) {
	var got session.Heard
	call, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
		got, err = ch.Listen(ctx, l)
		return err
	})
	_, addr := serve(t, o, h)
	p := esltest.Dial(t, addr)
	p.Open()
	return call, &got, p
}

func TestListenPlaysListensAndForgets(t *testing.T) {
	t.Parallel()
	o, got, p := listening(t, phrase(), esl.Options{})
	c := p.Speech(esltest.NLSML("white horse", "100"), "DONE")
	require.NoError(t, o.wait())
	assert.Equal(t, session.Input, got.Class)
	assert.Equal(t, "white horse", string(got.Words.Reveal()))
	assert.InDelta(t, 1, got.Confidence, 0)
	assert.Equal(t,
		"'m:~:play_and_detect_speech:silence_stream://10 detect:pocketsphinx {start-input-timers=true,no-input-timeout=5000,"+
			"recognition-timeout=8000,speech-timeout=1000}words~unset:detect_speech_result' inline", c.Arg)
	assert.Empty(t, c.Header.Get("Event-Lock"), "what stops an engine must get through")
}

func TestAnEngineThatFailsIsNotTheCallersFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ result, response string }{
		"its module is not loaded":   {"", "ASR INIT ERROR"},
		"the grammar is not there":   {"", "GRAMMAR ERROR"},
		"it broke":                   {"", "ERROR"},
		"it ends without a result":   {"", "DONE"},
		"it talks something else":    {`{"text": "white horse"}`, "DONE"},
		"it says that it broke":      {"Completion-Cause: 006", "DONE"},
		"FreeSWITCH does not listen": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, got, p := listening(t, phrase(), esl.Options{})
			p.Speech(c.result, c.response)
			require.ErrorIs(t, o.wait(), session.ErrNoSpeech)
			assert.Zero(t, *got)
			assert.NotContains(t, o.err.Error(), "horse")
			assert.NoError(t, o.cause, "the call goes on")
		})
	}
}

func TestARefusedListenIsNoSpeech(t *testing.T) {
	t.Parallel()
	o, _, p := listening(t, phrase(), esl.Options{})
	p.Do("playback")
	p.Expect("execute_extension")
	p.Send(esltest.Reply("-ERR no"))
	require.ErrorIs(t, o.wait(), session.ErrNoSpeech)
	assert.NoError(t, o.cause, "the call goes on")
}

// pocketsphinx never ends after some words that are not in its grammar.
func TestAnEngineThatDoesNotEndIsStopped(t *testing.T) {
	t.Parallel()
	l := phrase()
	l.Start, l.Speech = time.Millisecond, time.Millisecond
	o, got, p := listening(t, l, esl.Options{})
	p.Do("playback")
	c := p.Expect("execute_extension")
	p.Send(esltest.OK())
	stop := p.Expect("detect_speech")
	assert.Equal(t, "stop", stop.Arg)
	assert.Empty(t, stop.Header.Get("Event-Lock"))
	p.Send(esltest.OK())
	p.Send(esltest.Completion(stop))
	p.Listened(c, "", "DONE")
	require.NoError(t, o.wait())
	assert.Equal(t, session.NoMatch, got.Class, "something was said")
}

func TestAnEngineThatCannotBeStoppedIsGivenUp(t *testing.T) {
	t.Parallel()
	l := phrase()
	l.Start, l.Speech = time.Millisecond, time.Millisecond
	o, _, p := listening(t, l, esl.Options{})
	p.Do("playback")
	p.Expect("execute_extension")
	p.Send(esltest.OK())
	p.Expect("detect_speech")
	p.Send(esltest.OK())
	require.ErrorIs(t, o.wait(), session.ErrNoSpeech)
	assert.NoError(t, o.cause, "the call goes on")
}

// A process that was stopped meanwhile must not touch a call that is with an agent by now.
func TestPendingEventsAreReadBeforeAnEngineIsStopped(t *testing.T) {
	t.Parallel()
	l := phrase()
	l.Start, l.Speech = 4*time.Second, 4*time.Second
	o, _, p := listening(t, l, esl.Options{Stale: 5 * time.Second})
	p.Do("playback")
	p.Expect("execute_extension")
	p.Send(esltest.OK())
	p.Expect("getvar uuid")
	p.Send(esltest.Completion(
		esltest.Command{App: "socket"}, "Caller-Destination-Number", "countersign-unavailable", "variable_socket_resume", "",
	))
	p.Send(esltest.Reply(esltest.Channel))
	require.ErrorIs(t, o.wait(), session.ErrTakenAway)
	p.ExpectClosedWithoutAWord()
}

func TestAHangUpEndsListening(t *testing.T) {
	t.Parallel()
	o, got, p := listening(t, phrase(), esl.Options{})
	p.Do("playback")
	c := p.Expect("execute_extension")
	p.Send(esltest.OK())
	p.Send(esltest.Hangup("NORMAL_CLEARING"))
	p.Listened(c, "", "ERROR")
	var hangup *session.HangupError
	require.ErrorAs(t, o.wait(), &hangup)
	assert.Zero(t, *got)
}

func TestNothingListensAfterAPromptThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	o, _, p := listening(t, phrase(), esl.Options{})
	p.Do("playback", "Application-Response", "FILE NOT FOUND")
	require.ErrorIs(t, o.wait(), esl.ErrUnplayable)
	require.NotErrorIs(t, o.err, session.ErrNoSpeech)
}

func TestListenRefusesUnsafeNames(t *testing.T) {
	t.Parallel()
	change := map[string]func(*session.Listen){
		"no time to begin":    func(l *session.Listen) { l.Start = 0 },
		"no time to speak":    func(l *session.Listen) { l.Speech = -time.Second },
		"a very long grammar": func(l *session.Listen) { l.Grammar = strings.Repeat("x", 600) },
		"an umlaut":           func(l *session.Listen) { l.Engine = "größe" },
	}
	for _, bad := range []string{
		"", "a b", "a'b", `a"b`, "a~b", "a{b", "a}b", "a$b", `a\b`, "a`b", "a\nb", "a|b", "a,b", "a=b", "a!b",
	} {
		change["engine "+bad] = func(l *session.Listen) { l.Engine = bad }
		change["grammar "+bad] = func(l *session.Listen) { l.Grammar = bad }
	}
	for name, c := range change {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := phrase()
			c(&l)
			o, _, p := listening(t, l, esl.Options{})
			require.ErrorIs(t, o.wait(), esl.ErrUnsafeValue)
			p.Expect("exit")
			p.Close()
		})
	}
}
