package esl_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/freeswitch/sim"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled plays something while the caller waits, and then asks.
func filled(got *session.Entry, q session.Collect) func(context.Context, session.Channel) error {
	return func(ctx context.Context, ch session.Channel) (err error) {
		if err := ch.Fill(ctx, []string{"/p/one-moment.wav"}); err != nil {
			return err
		}
		*got, err = ch.Collect(ctx, q)
		return err
	}
}

// fill answers a Fill; key, if any, has ended it.
func fill(p *esltest.Peer, key string) {
	p.Do("multiset")
	p.Do("playback", "Application-Response", "FILE PLAYED", "variable_playback_terminator_used", key)
	p.Do("multiset")
}

func TestWhatWasKeyedAheadBeginsTheEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, ahead, filler, later string // keys before the filler ends, the key that ends it, and keys after it
		class                      session.Class
		want                       string
		terminated                 bool
	}{
		{name: "all of it", ahead: "2468#", class: session.Input, want: "2468", terminated: true},
		{name: "all of it, without the hash key", ahead: "246813", class: session.Input, want: "246813"},
		{name: "more than it", ahead: "2468#99", class: session.Input, want: "2468", terminated: true},
		{name: "a part of it", ahead: "24", later: "68#", class: session.Input, want: "2468", terminated: true},
		{name: "all but the last digit", ahead: "24681", later: "3", class: session.Input, want: "246813"},
		{name: "all but the hash key", ahead: "24681", later: "#", class: session.Input, want: "24681", terminated: true},
		{name: "enough, and then silence", ahead: "2468", class: session.Input, want: "2468"},
		{name: "too little, and then silence", ahead: "24", class: session.NoMatch},
		{name: "too little, and the hash key", ahead: "24#", class: session.NoMatch, terminated: true},
		{name: "the hash key alone", ahead: "#", class: session.NoMatch, terminated: true},
		{name: "the opt-out key", ahead: "*", class: session.OptedOut},
		{name: "the opt-out key in the middle of it", ahead: "24*", class: session.OptedOut},
		{name: "a part of it, and then the opt-out key", ahead: "24", later: "*", class: session.OptedOut},
		{name: "the key that ended what was played", ahead: "2", filler: "4", later: "68#", class: session.Input,
			want: "2468", terminated: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got session.Entry
			ask := pin()
			ask.InterDigit = time.Second
			o, h := handle(t, filled(&got, ask))
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			p.Press(c.ahead)
			fill(p, c.filler)
			p.Press(c.later)
			require.NoError(t, o.wait())
			assert.Equal(t, c.class, got.Class)
			assert.Equal(t, c.want, string(got.Digits.Reveal()))
			assert.Equal(t, c.terminated, got.Terminated)
		})
	}
}

// The holder may have taken a key when a question is already on its way.
func TestAKeyThatTheHolderTookAsAQuestionBeganIsPutInFront(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, digits, ending, want string }{
		{"one, and the hash key ends the entry", "2", "468", "#", "2468"},
		{"one, and the most digits would be one too many", "2", "46813", "", "246813"},
		{"one, and more than one entry", "2", "468135", "", "246813"},
		{"all", "2468#", "", "", "2468"},
		{"all, and the beginning of the next", "246813", "24", "#", "246813"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got session.Entry
			o, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
				got, err = ch.Collect(ctx, pin())
				return err
			})
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			collect := p.Expect("play_and_get_digits")
			p.Send(esltest.OK())
			p.Press(c.before)
			p.Send(esltest.Completion(collect, "variable_read_result", "success", "variable_cs_digits", c.digits,
				"variable_read_terminator_used", c.ending))
			require.NoError(t, o.wait())
			assert.Equal(t, c.want, string(got.Digits.Reveal()))
		})
	}
}

// A caller who keys much while nothing is asked uses up the links of the holder.
func TestAnotherHolderStartsBeforeTheLastLinkIsUsed(t *testing.T) {
	t.Parallel()
	const keys = "246813#"
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		if err := ch.Fill(ctx, []string{"/p/one-moment.wav"}); err != nil {
			return err
		}
		return ch.Fill(ctx, []string{"/p/one-moment.wav"})
	})
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Do("multiset")
	playing := p.Expect("playback")
	p.Send(esltest.OK())
	p.Press(keys + keys + keys)
	p.Send(esltest.Completion(playing))
	p.Do("multiset")
	hold := p.Expect("execute_extension")
	p.Send(esltest.OK())
	fill(p, "")
	require.NoError(t, o.wait())
	assert.Contains(t, hold.Arg, "read:1 1 silence_stream://")
	assert.Empty(t, hold.Header.Get("Event-Lock"), "everything else runs inside it")
}

// at is a header with a time of FreeSWITCH's clock, so long after the entry that was refused.
func at(after time.Duration) []string {
	return []string{"Event-Date-Timestamp", strconv.FormatInt(refusedAt.Add(after).UnixMicro(), 10)}
}

var refusedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// refused asks for an account, which is refused after a while, and then for another one.
func refused(got *session.Entry) func(context.Context, session.Channel) error {
	return func(ctx context.Context, ch session.Channel) (err error) {
		account := pin()
		if _, err := ch.Collect(ctx, account); err != nil {
			return err
		}
		if err := ch.Fill(ctx, []string{"/p/one-moment.wav"}); err != nil {
			return err
		}
		account.Files, account.Flush = []string{"/p/not-right-1.wav", "/p/ask-account-again.wav"}, true
		*got, err = ch.Collect(ctx, account)
		return err
	}
}

// askAndRefuse answers that; keys are pressed meanwhile.
func askAndRefuse(p *esltest.Peer, keys string, after time.Duration) {
	c := p.Expect("play_and_get_digits")
	p.Send(esltest.OK())
	p.Send(esltest.Completion(c, append(at(0), "variable_read_result", "success", "variable_cs_digits", "899999")...))
	p.Do("multiset")
	p.Do("multiset")
	waiting := p.Expect("playback")
	p.Send(esltest.OK())
	press(p, keys, after)
	p.Send(esltest.Completion(waiting))
	p.Do("multiset")
}

// explain answers the Fill that says what went wrong; a key has ended it, so long after the refused entry.
func explain(p *esltest.Peer, key string, after time.Duration) {
	p.Do("multiset")
	c := p.Expect("playback")
	p.Send(esltest.OK())
	p.Send(esltest.Completion(c, append(at(after), "Application-Response", "FILE PLAYED",
		"variable_playback_terminator_used", key)...))
	p.Do("multiset")
}

func press(p *esltest.Peer, keys string, after time.Duration) {
	for _, key := range keys {
		p.Send(esltest.Completion(esltest.Command{App: "read"}, append(at(after), "variable_cs_key", string(key))...))
	}
}

func TestWhatIsKeyedInOneGoBehindARefusedEntryIsDiscarded(t *testing.T) {
	t.Parallel()
	const soon, later = 400 * time.Millisecond, 3 * time.Second
	for _, c := range []struct {
		name, meanwhile string
		keyed           func(p *esltest.Peer)
		class           session.Class
		want            string
	}{
		{"nothing", "", func(p *esltest.Peer) {
			explain(p, "", 2*time.Second)
			p.Digits("1000", "#")
		}, session.Input, "1000"},
		{"a PIN, at once", "246813#", func(p *esltest.Peer) {
			explain(p, "", later)
			p.Digits("1000", "#")
		}, session.Input, "1000"},
		{"a PIN, key by key into the explanation, which is said again", "", func(p *esltest.Peer) {
			explain(p, "2", soon)
			press(p, "46813#", 2*soon)
			explain(p, "", later)
			p.Digits("1000", "#")
		}, session.Input, "1000"},
		{"the hash key and a PIN", "", func(p *esltest.Peer) {
			explain(p, "#", soon)
			press(p, "246813#", 2*soon)
			explain(p, "", later)
			p.Digits("1000", "#")
		}, session.Input, "1000"},
		{"a PIN and more", "246813#1#1#", func(p *esltest.Peer) {
			explain(p, "", later)
			p.Digits("1000", "#")
		}, session.Input, "1000"},
		{"half a PIN, and the next account after a pause", "", func(p *esltest.Peer) {
			explain(p, "2", soon)
			press(p, "468", 2*soon)
			explain(p, "1", later)
			press(p, "000#", later)
		}, session.Input, "1000"},
		{"nothing, and the next account after a pause", "", func(p *esltest.Peer) {
			explain(p, "1", later)
			press(p, "000#", later)
		}, session.Input, "1000"},
		{"the opt-out key", "", func(p *esltest.Peer) {
			explain(p, "*", soon)
		}, session.OptedOut, ""},
		{"the opt-out key, at once", "*", func(*esltest.Peer) {}, session.OptedOut, ""},
		{"a PIN with the opt-out key in it, at once", "24*6813#", func(*esltest.Peer) {}, session.OptedOut, ""},
		{"a PIN with the opt-out key in it", "", func(p *esltest.Peer) {
			explain(p, "2", soon)
			press(p, "46*8", 2*soon)
		}, session.OptedOut, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got session.Entry
			o, h := handle(t, refused(&got))
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			askAndRefuse(p, c.meanwhile, soon)
			c.keyed(p)
			require.NoError(t, o.wait())
			assert.Equal(t, c.class, got.Class)
			assert.Equal(t, c.want, string(got.Digits.Reveal()))
		})
	}
}

func TestWordsAreNotMixedWithWhatWasKeyedAhead(t *testing.T) {
	t.Parallel()
	var got session.Heard
	o, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
		if err := ch.Fill(ctx, []string{"/p/one-moment.wav"}); err != nil {
			return err
		}
		got, err = ch.Listen(ctx, session.Listen{Engine: "pocketsphinx", Grammar: "words", Start: time.Second,
			Speech: time.Second, OptOut: '*'})
		return err
	})
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Press("24*")
	fill(p, "")
	require.NoError(t, o.wait())
	assert.Equal(t, session.OptedOut, got.Class, "the opt-out key is not lost")
}

// A simulated FreeSWITCH drops keys as the real one does while it has nothing to do.
func TestKeysThatArePressedWhileNothingIsAskedAreKept(t *testing.T) {
	t.Parallel()
	keypad := make(chan rune)
	press := func(keys string) {
		for _, key := range keys {
			select {
			case keypad <- key:
			case <-time.After(patience):
				t.Error("the simulated FreeSWITCH takes no keys")
			}
		}
	}
	var got []string
	o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		for _, keyed := range []struct{ before, after string }{
			{"246", "8#"}, {"", "13579#11"}, {"11#2222#", "33"}, {"", ""},
		} {
			press(keyed.before)
			if err := ch.Fill(ctx, []string{"/p/one-moment.wav"}); err != nil {
				return err
			}
			press(keyed.after)
			entry, err := ch.Collect(ctx, pin())
			if err != nil {
				return err
			}
			got = append(got, string(entry.Digits.Reveal()))
		}
		return ch.Hangup(ctx, "NORMAL_CLEARING")
	})
	_, addr := serve(t, esl.Options{}, h)
	phone, err := sim.New(sim.Options{Address: addr})
	require.NoError(t, err)
	_, err = phone.Call(t.Context(), sim.CallOptions{From: "+15551230001", To: "5000", Keypad: keypad})
	require.NoError(t, err)
	require.NoError(t, o.wait())
	assert.Equal(t, []string{"2468", "13579", "1111", "2222"}, got)
}
