package sessiontest

import (
	"context"
	"strings"
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Place starts a call on the Channel under test, with the speech engine "pocketsphinx" and a caller who makes these
// moves. It returns the call's context, the channel, and a function that returns the handover of the call. It fails the
// test if it cannot.
type Place func(t *testing.T, moves ...Move) (ctx context.Context, ch session.Channel, handedOn HandedOn)

// HandedOn returns where a call was handed on to, and with which variables.
type HandedOn = func() (destination string, variables map[string]string)

// Conform tests a session.Channel against its contract.
func Conform(t *testing.T, place Place) {
	ask := session.Collect{
		Files: []string{"ask-pin"}, Min: 4, Max: 6, FirstDigit: time.Second, InterDigit: time.Second, OptOut: '*',
	}
	for _, c := range []struct {
		name string
		keys string
		want session.Class
		got  string
	}{
		{"enough digits and the hash key are an input", "2468#", session.Input, "2468"},
		{"the most digits are an input at once", "246813", session.Input, "246813"},
		{"enough digits and then silence are an input", "24681", session.Input, "24681"},
		{"silence is no input", "", session.NoInput, ""},
		{"the hash key alone is no match", "#", session.NoMatch, ""},
		{"too few digits are no match", "24#", session.NoMatch, ""},
		{"too few digits and then silence are no match", "24", session.NoMatch, ""},
		{"the opt-out key is an opt-out", "*", session.OptedOut, ""},
		{"the opt-out key in the middle of an entry is an opt-out", "24*", session.OptedOut, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, ch, _ := place(t, Move{Keys: c.keys})
			entry, err := ch.Collect(ctx, ask)
			require.NoError(t, err)
			assert.Equal(t, c.want, entry.Class)
			assert.Equal(t, c.got, string(entry.Digits.Reveal()))
			assert.Equal(t, strings.HasSuffix(c.keys, "#"), entry.Terminated)
			assert.Equal(t, len(strings.TrimRight(c.keys, "#*")), entry.Keyed)
		})
	}
	t.Run("keys beyond an entry begin the next one", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t, Move{Keys: "1234#5678#"})
		for _, want := range []string{"1234", "5678"} {
			entry, err := ch.Collect(ctx, ask)
			require.NoError(t, err)
			assert.Equal(t, want, string(entry.Digits.Reveal()))
		}
	})
	t.Run("a flush throws them away", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t, Move{Keys: "1234#5678#", Burst: true}, Move{Keys: "9999#"})
		_, err := ch.Collect(ctx, ask)
		require.NoError(t, err)
		flushing := ask
		flushing.Flush = true
		entry, err := ch.Collect(ctx, flushing)
		require.NoError(t, err)
		assert.Equal(t, "9999", string(entry.Digits.Reveal()))
	})
	one := session.Collect{
		Files: []string{"have-account"}, Min: 1, Max: 1, FirstDigit: time.Second, InterDigit: time.Second, OptOut: '*',
	}
	for _, c := range []struct {
		name string
		keys string
		want session.Class
		got  string
	}{
		{"one digit is an input at once", "2", session.Input, "2"},
		{"the hash key in place of one digit is no match", "#", session.NoMatch, ""},
		{"the opt-out key in place of one digit is an opt-out", "*", session.OptedOut, ""},
		{"silence in place of one digit is no input", "", session.NoInput, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, ch, _ := place(t, Move{Keys: c.keys})
			entry, err := ch.Collect(ctx, one)
			require.NoError(t, err)
			assert.Equal(t, c.want, entry.Class)
			assert.Equal(t, c.got, string(entry.Digits.Reveal()))
			assert.Equal(t, c.keys == "#", entry.Terminated)
		})
	}
	t.Run("a hang-up ends the method and the context with its cause", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t, Move{Hangup: true})
		_, err := ch.Collect(ctx, ask)
		var hangup *session.HangupError
		require.ErrorAs(t, err, &hangup)
		require.ErrorAs(t, context.Cause(ctx), &hangup)
		require.ErrorAs(t, ch.Play(ctx, []string{"failure"}), &hangup)
	})
	phrase := session.Listen{
		Files: []string{"ask-passphrase"}, Engine: "pocketsphinx", Grammar: "words", Start: time.Second,
		Speech: 2 * time.Second, OptOut: '*',
	}
	for _, c := range []struct {
		name string
		move Move
		want session.Heard
		got  string
	}{
		{"words are an input", Move{Says: "white horse"}, session.Heard{Class: session.Input, Confidence: 1}, "white horse"},
		{
			"words come with how sure the engine is", Move{Says: "white horse", Confidence: 0.83},
			session.Heard{Class: session.Input, Confidence: 0.83}, "white horse",
		},
		{"nothing said is no input", Move{}, session.Heard{Class: session.NoInput}, ""},
		{
			"what the engine makes nothing of is no match", Move{Says: "mumble", Confidence: -1},
			session.Heard{Class: session.NoMatch}, "",
		},
		{"the opt-out key is an opt-out", Move{Keys: "*"}, session.Heard{Class: session.OptedOut}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, ch, _ := place(t, c.move)
			heard, err := ch.Listen(ctx, phrase)
			require.NoError(t, err)
			assert.Equal(t, c.want.Class, heard.Class)
			assert.InDelta(t, c.want.Confidence, heard.Confidence, 1e-9)
			assert.Equal(t, c.got, string(heard.Words.Reveal()))
			heard.Words.Wipe()
			require.NoError(t, ch.Play(ctx, []string{"confirmation"}), "the call goes on")
		})
	}
	either := session.Collect{
		Files: []string{"ask-account"}, Min: 4, Max: 6, FirstDigit: time.Second, InterDigit: 3 * time.Second, OptOut: '*',
		Speech: &session.Speech{Engine: Engine, Grammar: "digits", Length: 2 * time.Second},
	}
	deaf := either
	deaf.Speech = &session.Speech{Engine: "missing", Grammar: "digits", Length: 2 * time.Second}
	for _, c := range []struct {
		name        string
		asked       session.Collect
		move        Move
		want        session.Entry
		digits, say string
	}{
		{
			"said or keyed: said", either, Move{Says: "one two three four"},
			session.Entry{Class: session.Input, Spoken: true, Confidence: 1}, "", "one two three four",
		},
		{
			"said or keyed: said, and hardly understood", either, Move{Says: "one two three four", Confidence: 0.25},
			session.Entry{Class: session.Input, Spoken: true, Confidence: 0.25}, "", "one two three four",
		},
		{
			"said or keyed: not understood", either, Move{Says: "mumble", Confidence: -1},
			session.Entry{Class: session.NoMatch, Spoken: true}, "", "",
		},
		{
			"said or keyed: keyed", either, Move{Keys: "1234#"},
			session.Entry{Class: session.Input, Keyed: 4, Terminated: true}, "1234", "",
		},
		{
			"said or keyed: as many keys as there can be", either, Move{Keys: "123456"},
			session.Entry{Class: session.Input, Keyed: 6}, "123456", "",
		},
		{
			"said or keyed: too few keys", either, Move{Keys: "12#"},
			session.Entry{Keyed: 2, Terminated: true, Class: session.NoMatch}, "", "",
		},
		{
			"said or keyed: the opt-out key", either, Move{Keys: "12*"}, session.Entry{Class: session.OptedOut, Keyed: 2},
			"", "",
		},
		{"said or keyed: neither", either, Move{}, session.Entry{Class: session.NoInput}, "", ""},
		{
			"without the engine keys are taken", deaf, Move{Keys: "1234#"},
			session.Entry{Class: session.Input, Keyed: 4, Terminated: true, Deaf: true}, "1234", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, ch, _ := place(t, c.move)
			e, err := ch.Collect(ctx, c.asked)
			require.NoError(t, err)
			assert.Equal(t, c.digits, string(e.Digits.Reveal()))
			assert.Equal(t, c.say, string(e.Words.Reveal()))
			assert.InDelta(t, c.want.Confidence, e.Confidence, 1e-9)
			e.Digits, e.Words, e.Confidence, c.want.Confidence = session.Secret{}, session.Secret{}, 0, 0
			assert.Equal(t, c.want, e)
			require.NoError(t, ch.Play(ctx, []string{"confirmation"}), "the call goes on")
		})
	}
	t.Run("who is listened to twice may answer twice, and then key", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t, Move{Says: "white hose"}, Move{Says: "white horse"}, Move{Keys: "2468#"})
		for _, want := range []string{"white hose", "white horse"} {
			heard, err := ch.Listen(ctx, phrase)
			require.NoError(t, err)
			assert.Equal(t, want, string(heard.Words.Reveal()))
		}
		entry, err := ch.Collect(ctx, ask)
		require.NoError(t, err)
		assert.Equal(t, "2468", string(entry.Digits.Reveal()))
	})
	t.Run("a hang-up ends listening and the context with its cause", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t, Move{Hangup: true})
		_, err := ch.Listen(ctx, phrase)
		var hangup *session.HangupError
		require.ErrorAs(t, err, &hangup)
		require.ErrorAs(t, context.Cause(ctx), &hangup)
		_, err = ch.Listen(ctx, phrase)
		require.ErrorAs(t, err, &hangup)
	})
	t.Run("the end of the context ends listening with its cause", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t)
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(session.ErrTooLong)
		_, err := ch.Listen(ctx, phrase)
		require.ErrorIs(t, err, session.ErrTooLong)
	})
	t.Run("the end of the context ends the method with its cause", func(t *testing.T) {
		t.Parallel()
		ctx, ch, _ := place(t)
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(session.ErrTooLong)
		require.ErrorIs(t, ch.Play(ctx, []string{"failure"}), session.ErrTooLong)
	})
	t.Run("a transfer hands the result on", func(t *testing.T) {
		t.Parallel()
		ctx, ch, handedOn := place(t)
		require.NoError(t, ch.Play(ctx, []string{"confirmation"}))
		require.NoError(t, ch.Transfer(ctx, session.Handover{
			To:        session.Destination{Extension: "menu", Dialplan: "XML", Context: "default"},
			Variables: []session.Variable{{Name: "cs_status", Value: "verified"}, {Name: "cs_customer", Value: "C-1"}},
		}))
		to, variables := handedOn()
		assert.Equal(t, "menu XML default", to)
		assert.Equal(t, "verified", variables["cs_status"])
		assert.Equal(t, "C-1", variables["cs_customer"])
	})
}
