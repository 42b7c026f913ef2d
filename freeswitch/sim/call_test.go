package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHowCallsEnd(t *testing.T) {
	t.Parallel()
	handOn := func(s *service) {
		s.greet(completions, hangups)
		s.run("answer", "")
		s.execute("multiset", "^^|cs_status=verified|cs_customer=100042|socket_resume=",
			"export", "nolocal:sip_h_X-Countersign-Status=verified", "transfer", "menu XML default")
		s.rest()
	}
	for name, c := range map[string]struct {
		options     Options
		call        CallOptions
		script      func(*service)
		end         End
		destination string
		lost        bool
		status      string
	}{
		"the service hands it on": {script: handOn, end: Transferred, destination: "menu XML default", status: "verified"},
		"the service closes between prompts": {script: func(s *service) { s.greet(completions); s.run("answer", "") },
			end: Resumed, destination: DefaultAfter, status: "none"},
		"the service exits": {
			script: func(s *service) { s.greet(completions); s.run("answer", ""); s.send("exit\n\n"); s.rest() },
			end:    Resumed, destination: DefaultAfter, status: "none"},
		"the service closes without socket_resume": {options: Options{NoResume: true},
			script: func(s *service) { s.greet(completions); s.run("answer", "") },
			end:    Resumed, destination: DefaultAfter, status: "none"},
		"the service hangs": {options: Options{DeadMan: 2 * time.Second, After: "sorry XML default"},
			script: func(s *service) { s.greet(completions); s.rest() }, end: DeadMan, destination: "sorry XML default"},
		"the service sends nothing": {options: Options{DeadMan: 30 * time.Millisecond}, script: (*service).rest,
			end: DeadMan, destination: DefaultAfter},
		"the service hangs up": {
			script: func(s *service) { s.greet(completions); s.execute("hangup", "USER_BUSY"); s.rest() },
			end:    HungUp, lost: true},
		"the service asks for an unknown application": {
			script: func(s *service) { s.greet(completions); s.execute("no_such", "x"); s.rest() },
			end:    HungUp, lost: true},
		"the caller hangs up at a prompt": {
			call: CallOptions{Caller: Script(Human, Answer{Prompt: "ask-pin", Keys: "12", HangUp: true})},
			script: func(s *service) {
				s.greet(completions, hangups)
				s.execute("play_and_get_digits", "4 4 1 4000 # /en/ask-pin.wav silence_stream://10 d '' 2000")
				s.rest()
			}, end: CallerHungUp},
		"the service closes when the call has moved on": {
			options: Options{Talk: time.Hour, Speed: 1},
			script: func(s *service) {
				s.greet(completions)
				s.run("transfer", "menu XML default")
				s.until(func(f said) bool { return f.get("Application") == "answer" })
			}, end: Stranded, destination: "menu XML default", lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := place(t, c.options, c.call, c.script)
			assert.Equal(t, c.end, r.End, r.Reason)
			assert.Equal(t, c.destination, r.Destination)
			assert.Equal(t, c.lost, r.Lost)
			assert.Equal(t, c.status, r.Variables["cs_status"])
		})
	}
}

func TestACallThatIsHandedOn(t *testing.T) {
	t.Parallel()
	const (
		account = "4 8 1 4000 # file_string:///en/hello.wav!/en/ask-account.wav silence_stream://10 d '' 2000"
		pin     = "4 8 1 4000 # /en/ask-pin.wav silence_stream://10 d '' 2000"
	)
	call := CallOptions{
		Transcript: true, Variables: []Variable{{"cs_line", "retail"}}, Caller: Keys(Pace{}, "100042#", "2468#"),
	}
	r, s := place(t, Options{}, call, func(s *service) {
		data := s.greet(completions, hangups)
		assert.Equal(t, "retail", data.get("variable_cs_line"))
		s.execute("answer", "", "play_and_get_digits", account)
		s.until(func(f said) bool { return f.get("Application") == "play_and_get_digits" })
		assert.Equal(t, "2468", entryOf(s.run("play_and_get_digits", pin)).digits)
		s.execute("export", "nolocal:sip_h_X-Countersign-Status=verified", "export", "sip_h_X-Countersign-Level=2",
			"set", "sip_h_X-Other=1", "transfer", "menu XML default")
		s.rest()
	})
	assert.Equal(t, map[string]string{"X-Countersign-Status": "verified", "X-Countersign-Level": "2"}, r.Headers)
	require.Len(t, r.Prompts, 2)
	assert.Equal(t, "ask-account", r.Prompts[0].Name())
	assert.True(t, r.Prompts[0].Has("hello"))
	assert.Equal(t, 4*time.Second, r.Prompts[0].Length, "two files of the default length")
	assert.Len(t, r.Times.Reactions, 1)
	for name, d := range map[string]time.Duration{
		"answer": r.Times.Answer, "first prompt": r.Times.FirstPrompt, "handover": r.Times.Handover,
		"reaction": r.Times.Reactions[0], "total": r.Times.Total,
	} {
		assert.Positive(t, d, name)
	}
	var toService, fromService bytes.Buffer
	for _, f := range r.Transcript {
		if f.FromService {
			fromService.Write(f.Bytes)
		} else {
			toService.Write(f.Bytes)
		}
	}
	assert.True(t, strings.HasPrefix(fromService.String(), "connect\n\nmyevents\n\n"))
	var rest []said
	for b := toService.Bytes(); len(b) > 0; {
		f, n := takeApart(b)
		require.Positive(t, n)
		rest, b = append(rest, f), b[n:]
	}
	assert.Equal(t, s.got, rest, "the transcript has what the service read")
}

func TestSilenceBeginsWithACallToAServiceThatHangs(t *testing.T) {
	t.Parallel()
	const deadMan = 300 * time.Millisecond
	r, _ := place(t, Options{DeadMan: deadMan}, CallOptions{}, func(s *service) { s.greet(completions); s.rest() })
	assert.Equal(t, DeadMan, r.End)
	assert.GreaterOrEqual(t, r.Times.Silence, deadMan, "since the call came in")
}

func TestCommandSyntax(t *testing.T) {
	t.Parallel()
	place(t, Options{}, CallOptions{}, func(s *service) {
		data := s.greet()
		s.send("\r\nSendMsg " + data.get("Unique-ID") + "\r\nEVENT-uuid: u1\r\ncontent-type: text/plain\r\n" +
			"Event-Lock: true\r\ncontent-length: 5\r\nExecute-App-Name: set\r\ncall-command: execute\r\n\r\nb=2 3")
		f := s.until(func(f said) bool { return f.get("Event-Name") == "CHANNEL_EXECUTE_COMPLETE" })
		assert.Equal(t, "u1", f.get("Application-UUID"))
		assert.Equal(t, "2%203", f.get("variable_b"))
		for _, c := range []struct{ command, reply string }{
			{"getvar b", "2 3"},
			{"getvar nothing", "-ERR command not found"},
			{"sendmsg 1234\ncall-command: execute", "-ERR invalid session id [1234]"},
			{"filter x", "-ERR invalid syntax"},
			{"myevents", "-ERR aready enabled."},
			{"filter delete all", "+OK filter deleted. [all][]"},
			{"divert_events", "-ERR missing value."},
			{"linger 5", "-ERR command not found"},
			{"exit", "+OK bye"},
		} {
			s.send(c.command + "\n\n")
			assert.Equal(t, c.reply, s.until(func(f said) bool { return !f.event() }).get("Reply-Text"), c.command)
		}
	})
}

func TestLoopsRepeatLongApplications(t *testing.T) {
	t.Parallel()
	r, _ := place(t, Options{}, CallOptions{}, func(s *service) {
		s.greet(completions)
		s.send("sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: f.wav\n" +
			"loops: 3\nevent-lock: true\n\n")
		for range 3 {
			s.until(func(f said) bool { return f.get("Application") == "playback" })
		}
	})
	assert.Len(t, r.Prompts, 3)
}

func TestWithoutEventLockAnApplicationRunsDuringAnother(t *testing.T) {
	t.Parallel()
	_, s := place(t, Options{Speed: 1}, CallOptions{}, func(s *service) {
		s.greet(completions)
		s.run("answer", "")
		for _, app := range []string{"playback\nexecute-app-arg: silence_stream://3000", "set\nexecute-app-arg: x=1"} {
			s.send("sendmsg\ncall-command: execute\nexecute-app-name: " + app + "\n\n")
		}
		s.until(func(f said) bool { return f.get("Application") == "playback" })
	})
	var order []string
	for _, e := range s.events() {
		order = append(order, e.get("Application"))
	}
	assert.Equal(t, []string{"answer", "set", "playback"}, order)
}

func TestFiltersOnAnyHeader(t *testing.T) {
	t.Parallel()
	_, s := place(t, Options{}, CallOptions{}, func(s *service) {
		s.greet()
		s.send("filter Application set\n\nfilter variable_x -2\n\n")
		s.execute("set", "x=1", "sleep", "1", "set", "x=2", "unset", "x", "set", "y=1")
		s.execute("hangup", "")
		s.rest()
	})
	var seen []string
	for _, e := range s.events() {
		if e.get("Application") == "set" {
			seen = append(seen, e.get("Event-Name")+" "+decoded(e.get("Application-Data")))
		}
	}
	assert.Equal(t, []string{
		"CHANNEL_EXECUTE x=1", "CHANNEL_EXECUTE_COMPLETE x=1", "CHANNEL_EXECUTE x=2", "CHANNEL_EXECUTE y=1",
		"CHANNEL_EXECUTE_COMPLETE y=1",
	}, seen)
}

func TestAKeypadPressesKeysAndHangsUp(t *testing.T) {
	t.Parallel()
	keys, asked := make(chan rune, 8), make(chan struct{}, 8)
	person := CallerFunc(func(Prompt) []Act {
		asked <- struct{}{}
		return nil
	})
	r, _ := place(t, Options{Speed: 1}, CallOptions{Keypad: keys, Caller: person}, func(s *service) {
		s.greet(completions)
		s.execute("answer", "",
			"play_and_get_digits", "1 6 1 9000 # tone_stream://%(9000,0,440) silence_stream://10 d '' 9000")
		<-asked // earlier keys are dropped
		for _, k := range "42#" {
			keys <- k
		}
		done := s.until(func(f said) bool { return f.get("Application") == "play_and_get_digits" })
		assert.Equal(t, "42", entryOf(done).digits)
		close(keys)
		s.rest()
	})
	assert.Equal(t, CallerHungUp, r.End)
}

func TestTheCallerHangsUpWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	address, wait := listen(t, func(s *service) { s.greet(hangups); cancel(stop); s.rest() })
	sw, err := New(Options{Address: address})
	require.NoError(t, err)
	r, err := sw.Call(ctx, CallOptions{To: "5000"})
	require.ErrorIs(t, err, stop)
	assert.Equal(t, CallerHungUp, r.End)
	got := wait().got
	assert.Equal(t, "disconnect", got[len(got)-1].get("Content-Disposition"))
}

func TestAddressesAreTriedInTurn(t *testing.T) {
	t.Parallel()
	const dead = "127.0.0.1:1" // nothing listens there
	address, wait := listen(t, func(s *service) { s.greet(); s.run("transfer", "menu XML default"); s.rest() })
	sw, err := New(Options{Address: dead + "|" + address})
	require.NoError(t, err)
	r, err := sw.Call(t.Context(), CallOptions{To: "5000"})
	require.NoError(t, err)
	wait()
	assert.Equal(t, "menu XML default", r.Destination)

	sw, err = New(Options{Address: dead})
	require.NoError(t, err)
	r, err = sw.Call(t.Context(), CallOptions{To: "5000"})
	require.NoError(t, err)
	assert.Equal(t, Resumed, r.End)
	assert.Equal(t, DefaultAfter, r.Destination)
	assert.Contains(t, r.Reason, dead)
}

func TestSpeedScalesTheCallersTime(t *testing.T) {
	t.Parallel()
	r, _ := place(t, Options{Speed: 20}, CallOptions{}, func(s *service) {
		s.greet(completions)
		s.run("answer", "")
		s.run("playback", "silence_stream://2000")
		s.execute("hangup", "")
		s.rest()
	})
	assert.GreaterOrEqual(t, r.Times.Call, 2*time.Second)
	assert.GreaterOrEqual(t, r.Times.Total, 100*time.Millisecond)
	assert.Greater(t, r.Times.Call-r.Times.Total, time.Second, "time that did not really pass")
}

func TestSoundsTellLengths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wav := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"), make([]byte, 12)...)
	binary.LittleEndian.PutUint32(wav[28:], 16000) // bytes per second
	wav = binary.LittleEndian.AppendUint32(append(wav, "data"...), 24000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hello.wav"), wav, 0o600))
	s := &Sounds{Dir: dir, Default: 3 * time.Second}
	for name, want := range map[string]time.Duration{
		"hello.wav":                   1500 * time.Millisecond,
		"missing.wav":                 3 * time.Second,
		"silence_stream://250,1400":   250 * time.Millisecond,
		"tone_stream://%(300,50,440)": 350 * time.Millisecond,
		"tone_stream://%(200,100,440);%(100,0,8);loops=2":    800 * time.Millisecond,
		"file_string://hello.wav!silence_stream://500!x.wav": 5 * time.Second,
		"hello.wav!silence_stream://500!x.wav":               5 * time.Second,
	} {
		var sum time.Duration
		for _, f := range s.files(name, "!") {
			sum += f.length
		}
		assert.Equal(t, want, sum, name)
	}
	assert.False(t, (&Sounds{Default: -1}).file("missing.wav").found)
}

func TestInvalidAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost", "127.0.0.1:1|x"} {
		_, err := New(Options{Address: address})
		assert.Error(t, err, address)
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte("connect\n\n"))
	f.Add([]byte("sendmsg\nContent-Length: -1\n\n"))
	f.Add([]byte("sendmsg\r\ncall-command: execute\r\ncontent-length: 5\r\n\r\nb=2 3getvar b\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for release := range Release(releases) {
			for rest := b; ; {
				cmd, after, ok, err := parseCommand(rest, release)
				if !ok || err != nil {
					break
				}
				require.Less(t, len(after), len(rest))
				require.NotEmpty(t, cmd.line)
				rest = after
			}
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add("+15551234567 100%25")
	f.Fuzz(func(t *testing.T, s string) {
		if !strings.Contains(s, "%") { // FreeSWITCH cannot tell an encoded byte from three characters
			assert.Equal(t, s, decoded(encoded(s)))
		}
		assert.False(t, strings.ContainsAny(encoded(s), "\r\n :"))
	})
}
