package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// entry holds the variables that play_and_get_digits sets.
type entry struct{ digits, result, terminator string }

func entryOf(f said) entry {
	terminator := decoded(f.get("variable_read_terminator_used"))
	return entry{decoded(f.get("variable_d")), f.get("variable_read_result"), terminator}
}

// slow presses one key every half second from the start of the first prompt for digits: within every time-out.
func slow(keys string, then ...Act) Caller {
	asked := false
	return CallerFunc(func(p Prompt) []Act {
		if asked || !p.Digits {
			return nil
		}
		asked = true
		return append(Pace{First: time.Second / 2, Between: time.Second / 2}.Type(p, keys), then...)
	})
}

func TestPlayAndGetDigitsSetsTheSameVariablesAsFreeSWITCH(t *testing.T) {
	t.Parallel()
	const (
		four      = "4 4 1 4000 # f.wav silence_stream://10 d '' 2000"
		twoToSix  = "2 6 1 4000 # f.wav silence_stream://10 d '' 2000"
		hashStar  = "2 6 1 4000 #* f.wav silence_stream://10 d '' 2000"
		quoted    = "1 6 1 4000 # '/a b/f.wav' silence_stream://10 d '' 2000"
		regex     = `1 6 1 4000 # f.wav silence_stream://10 d ^9\d+$ 2000`
		noTimeout = "1 6 1 10 # f.wav silence_stream://10 d '' 0"
		noKeys    = "1 6 1 4000 '' f.wav silence_stream://10 d '' 2000"
	)
	for name, c := range map[string]struct {
		args string
		keys string
		want entry
	}{
		"nothing": {args: four, want: entry{result: "failure"}},
		"nothing, none needed": {
			args: "0 4 1 4000 # f.wav silence_stream://10 d '' 2000", want: entry{result: "timeout"},
		},
		"only the terminator":                      {args: four, keys: "#", want: entry{"", "failure", "#"}},
		"too few, then silence":                    {args: four, keys: "12", want: entry{"12", "failure", ""}},
		"too few, then the terminator":             {args: four, keys: "12#", want: entry{"12", "failure", "#"}},
		"enough, then silence":                     {args: twoToSix, keys: "123", want: entry{"123", "timeout", ""}},
		"the maximum":                              {args: four, keys: "1234", want: entry{"1234", "success", ""}},
		"enough, then the terminator":              {args: twoToSix, keys: "123#", want: entry{"123", "success", "#"}},
		"the other terminator":                     {args: hashStar, keys: "1*", want: entry{"1", "failure", "*"}},
		"a quoted path with spaces":                {args: quoted, keys: "1#", want: entry{"1", "success", "#"}},
		"a regular expression that does not match": {args: regex, keys: "12#", want: entry{"", "success", "#"}},
		"a time-out under a second counts as one":  {args: noTimeout, keys: "1#", want: entry{"1", "success", "#"}},
		"without terminators hash ends it":         {args: noKeys, keys: "1#", want: entry{"1", "success", "#"}},
		"one digit that is the terminator": {
			args: "1 1 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "#", want: entry{"", "success", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := place(t, Options{}, CallOptions{Caller: slow(c.keys)}, func(s *service) {
				s.greet(completions, hangups)
				s.run("answer", "")
				s.run("play_and_get_digits", c.args)
				s.execute("hangup", "")
				s.rest()
			})
			for _, f := range s.events() {
				if f.is() == "CHANNEL_EXECUTE_COMPLETE play_and_get_digits" {
					assert.Equal(t, c.want, entryOf(f))
				}
			}
		})
	}
}

func TestReadTerminatorUsedIsNeverCleared(t *testing.T) {
	t.Parallel()
	const ask = "1 4 1 1000 # f.wav silence_stream://10 d '' 1000"
	place(t, Options{}, CallOptions{Caller: slow("1#")}, func(s *service) {
		s.greet(completions)
		assert.Equal(t, "#", entryOf(s.run("play_and_get_digits", ask)).terminator)
		assert.Equal(t, entry{"", "failure", "#"}, entryOf(s.run("play_and_get_digits", ask)))
		s.run("unset", "read_terminator_used")
		assert.Empty(t, entryOf(s.run("play_and_get_digits", ask)).terminator)
	})
}

func TestKeysPressedEarly(t *testing.T) {
	t.Parallel()
	const ask = "1 6 1 3000 # f.wav silence_stream://10 d '' 1000"
	atOnce := func(keys string) Caller {
		heard := false
		return CallerFunc(func(p Prompt) []Act {
			if heard {
				return nil
			}
			heard = true
			return Pace{}.Type(p, keys)
		})
	}
	t.Run("stay for the next prompt if it is already queued", func(t *testing.T) {
		t.Parallel()
		place(t, Options{}, CallOptions{Caller: atOnce("12#34#")}, func(s *service) {
			s.greet(completions)
			s.run("answer", "")
			s.execute("play_and_get_digits", ask, "play_and_get_digits", ask)
			digits := func(f said) bool { return f.get("Application") == "play_and_get_digits" }
			assert.Equal(t, "12", entryOf(s.until(digits)).digits)
			assert.Equal(t, "34", entryOf(s.until(digits)).digits)
		})
	})
	t.Run("are lost while FreeSWITCH waits for the service, one per frame", func(t *testing.T) {
		t.Parallel()
		place(t, Options{}, CallOptions{Caller: atOnce("12#3456#")}, func(s *service) {
			s.greet(completions, "DTMF")
			s.run("answer", "")
			assert.Equal(t, "12", entryOf(s.run("play_and_get_digits", ask)).digits)
			assert.Equal(t, "3", s.next().get("DTMF-Digit"), "dropped by park")
			assert.Equal(t, "4", s.next().get("DTMF-Digit"), "dropped by park a frame later")
		})
	})
	t.Run("are lost in a playback", func(t *testing.T) {
		t.Parallel()
		place(t, Options{}, CallOptions{Caller: atOnce("12")}, func(s *service) {
			s.greet(completions)
			s.execute("answer", "", "playback", "f.wav", "play_and_get_digits", ask)
			f := s.until(func(f said) bool { return f.get("Application") == "play_and_get_digits" })
			assert.Equal(t, entry{"", "failure", ""}, entryOf(f))
		})
	})
	t.Run("are dropped by flush_dtmf", func(t *testing.T) {
		t.Parallel()
		place(t, Options{}, CallOptions{Caller: atOnce("12#34#")}, func(s *service) {
			s.greet(completions)
			s.execute("answer", "", "play_and_get_digits", ask, "flush_dtmf", "", "play_and_get_digits", ask)
			digits := func(f said) bool { return f.get("Application") == "play_and_get_digits" }
			s.until(digits)
			assert.Equal(t, entry{"", "failure", "#"}, entryOf(s.until(digits)))
		})
	})
}

func TestSecretKeysAppearInNoEvent(t *testing.T) {
	t.Parallel()
	_, s := place(t, Options{}, CallOptions{Caller: slow("1234#")}, func(s *service) {
		s.greet()
		s.run("set", "sensitive_dtmf=true")
		s.run("play_and_get_digits", "4 4 1 4000 # f.wav silence_stream://10 d '' 2000")
		s.run("unset", "d")
		s.execute("hangup", "")
		s.rest()
	})
	with := 0
	for _, f := range s.events() {
		assert.NotEqual(t, "DTMF", f.get("Event-Name"))
		if f.get("variable_d") != "" {
			with++
		}
	}
	assert.Equal(t, 2, with, "the completion and the start of unset carry the digits")
	last := s.events()[len(s.events())-1]
	assert.Equal(t, "none", last.get("variable_digits_dialed"))
}
