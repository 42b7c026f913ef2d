package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// entry is what play_and_get_digits leaves.
type entry struct{ digits, result, terminator string }

func entryOf(f said) entry {
	return entry{decoded(f.get("variable_d")), f.get("variable_read_result"),
		decoded(f.get("variable_read_terminator_used"))}
}

// slow presses the keys half a second after the start of the first prompt that asks, one every half second: within
// every time-out.
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

func TestPlayAndGetDigitsLeavesWhatFreeSWITCHLeaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args string
		keys string
		want entry
	}{
		"nothing": {args: "4 4 1 4000 # f.wav silence_stream://10 d '' 2000",
			want: entry{result: "failure"}},
		"nothing, none needed": {args: "0 4 1 4000 # f.wav silence_stream://10 d '' 2000",
			want: entry{result: "timeout"}},
		"only the terminator": {args: "4 4 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "#",
			want: entry{"", "failure", "#"}},
		"too few, then silence": {args: "4 4 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "12",
			want: entry{"12", "failure", ""}},
		"too few, then the terminator": {args: "4 4 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "12#",
			want: entry{"12", "failure", "#"}},
		"enough, then silence": {args: "2 6 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "123",
			want: entry{"123", "timeout", ""}},
		"as many as there can be": {args: "4 4 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "1234",
			want: entry{"1234", "success", ""}},
		"enough, then the terminator": {args: "2 6 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "123#",
			want: entry{"123", "success", "#"}},
		"the other terminator": {args: "2 6 1 4000 #* f.wav silence_stream://10 d '' 2000", keys: "1*",
			want: entry{"1", "failure", "*"}},
		"a quoted path with spaces": {args: "1 6 1 4000 # '/a b/f.wav' silence_stream://10 d '' 2000",
			keys: "1#", want: entry{"1", "success", "#"}},
		"a regular expression that does not fit": {args: `1 6 1 4000 # f.wav silence_stream://10 d ^9\d+$ 2000`, keys: "12#",
			want: entry{"", "success", "#"}},
		"a time-out under a second is a second": {args: "1 6 1 10 # f.wav silence_stream://10 d '' 0", keys: "1#",
			want: entry{"1", "success", "#"}},
		"an empty list of terminators means hash": {args: "1 6 1 4000 '' f.wav silence_stream://10 d '' 2000", keys: "1#",
			want: entry{"1", "success", "#"}},
		"one digit that is the terminator": {args: "1 1 1 4000 # f.wav silence_stream://10 d '' 2000", keys: "#",
			want: entry{"", "success", ""}},
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
	place(t, Options{}, CallOptions{Caller: slow("1#")}, func(s *service) {
		s.greet(completions)
		assert.Equal(t, "#", entryOf(s.run("play_and_get_digits",
			"1 4 1 1000 # f.wav silence_stream://10 d '' 1000")).terminator)
		assert.Equal(t, entry{"", "failure", "#"},
			entryOf(s.run("play_and_get_digits", "1 4 1 1000 # f.wav silence_stream://10 d '' 1000")))
		s.run("unset", "read_terminator_used")
		assert.Empty(t, entryOf(s.run("play_and_get_digits", "1 4 1 1000 # f.wav silence_stream://10 d '' 1000")).terminator)
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
	t.Run("stay for the next prompt if that is queued already", func(t *testing.T) {
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
	t.Run("lose one while FreeSWITCH waits for the service, and one more every frame", func(t *testing.T) {
		t.Parallel()
		place(t, Options{}, CallOptions{Caller: atOnce("12#3456#")}, func(s *service) {
			s.greet(completions, "DTMF")
			s.run("answer", "")
			assert.Equal(t, "12", entryOf(s.run("play_and_get_digits", ask)).digits)
			assert.Equal(t, "3", s.next().get("DTMF-Digit"), "taken by park")
			assert.Equal(t, "4", s.next().get("DTMF-Digit"), "taken by park a frame later")
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
	t.Run("are thrown away by flush_dtmf", func(t *testing.T) {
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

func TestSecretKeysShowInNoEvent(t *testing.T) {
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
