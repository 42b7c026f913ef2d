package sim

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const listenFor = "detect:pocketsphinx {start-input-timers=true,no-input-timeout=5000,recognition-timeout=8000}words"

// The caller of that recording was a FreeSWITCH at 16 kHz, so its SIP and codec headers differ: this compares only what
// the application sets.
func TestASpeechResultIsTheRecordedOne(t *testing.T) {
	t.Parallel()
	frames := readRecording(t, "speech-recognised")
	told := func(list []said) []string {
		i := slices.IndexFunc(list, func(s said) bool {
			return s.get("Event-Name") == completions && s.get("Application") == "play_and_detect_speech"
		})
		require.GreaterOrEqual(t, i, 0)
		lines := steady(list[i])
		from := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "variable_current_loop: ") })
		require.Positive(t, from)
		// These count samples, and there a second has twice as many.
		return slices.DeleteFunc(lines[from:], func(l string) bool {
			return strings.HasPrefix(l, "variable_playback_samples") ||
				strings.HasPrefix(l, "variable_playback_last_offset_pos")
		})
	}
	theirs := fromFreeSWITCH(frames)
	address, wait := listen(t, func(s *service) { replay(s, frames, false) })
	sw, err := New(Options{Dialplan: []Action{{"socket", address + " async"}}, Engines: []string{"pocketsphinx"}})
	require.NoError(t, err)
	caller := Script(Pace{First: 3 * time.Second}, Answer{Says: "white horse"})
	_, err = sw.Call(t.Context(), CallOptions{From: "+15551230001", To: "6006", Caller: caller})
	require.NoError(t, err)
	want, got := told(theirs), told(wait().got)
	assert.Contains(t, strings.Join(want, "\n"), "white%20horse")
	assert.Equal(t, want, got)
}

func TestHowListeningEnds(t *testing.T) {
	t.Parallel()
	const starEnds = "playback_terminators=*"
	whiteHorse := Act{Wait: time.Second, Says: "white horse"}
	for name, c := range map[string]struct {
		acts             []Act
		set              string
		result, response string
	}{
		"something is said": {
			acts:   []Act{{Says: "a < b", Confidence: 0.834}},
			result: `confidence="83">` + "\n    <input mode=\"speech\">a &lt; b<",
		},
		"nothing is said": {result: `<input mode="speech"><noinput/></input>`},
		"something is said, but too late": {
			acts: []Act{{Wait: 6 * time.Second, Says: "white horse"}}, result: `<noinput/>`,
		},
		"the engine does not understand it": {
			acts: []Act{{Says: "mumble", Confidence: -1}}, result: `<input mode="speech"><nomatch/></input>`,
		},
		"a key is pressed":            {acts: []Act{{Key: '*'}, whiteHorse}, result: "white horse"},
		"a terminator is pressed":     {acts: []Act{{Key: '*'}, whiteHorse}, set: starEnds, result: "DIGIT: *"},
		"a key that is no terminator": {acts: []Act{{Key: '1'}, whiteHorse}, set: starEnds, result: "white horse"},
		"the caller hangs up":         {acts: []Act{{HangUp: true}}, response: "ERROR"},
		"only the first words count":  {acts: []Act{{Says: "white horse"}, {Says: "x"}}, result: "white horse"},
		"the caller speaks into the prompt": {
			acts: []Act{{Wait: 100 * time.Millisecond, Says: "white horse"}}, result: "white horse",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller := CallerFunc(func(p Prompt) []Act {
				require.True(t, p.Speech)
				return c.acts
			})
			place(t, Options{Engines: []string{"pocketsphinx"}}, CallOptions{Caller: caller}, func(s *service) {
				s.greet(completions)
				s.run("answer", "")
				s.run("set", c.set)
				f := s.run("play_and_detect_speech", "/en/say-it.wav "+listenFor)
				assert.Equal(t, cmp.Or(c.response, "DONE"), decoded(f.get("Application-Response")))
				if c.result == "" {
					assert.Empty(t, f.get("variable_detect_speech_result"))
				}
				assert.Contains(t, decoded(f.get("variable_detect_speech_result")), c.result)
				s.execute("hangup", "")
				s.rest()
			})
		})
	}
}

// As package esl listens: the prompt first, then an inline dialplan of two actions, which a later command can stop.
func TestAnInlineDialplanListensAndUnsetsTheResult(t *testing.T) {
	t.Parallel()
	caller := Script(Human, Answer{Prompt: "say-it", Says: "white horse"})
	arg := "'m:~:play_and_detect_speech:silence_stream://10 " + listenFor + "~unset:detect_speech_result' inline"
	r, _ := place(t, Options{Engines: []string{"pocketsphinx"}}, CallOptions{Caller: caller}, func(s *service) {
		s.greet(completions)
		s.run("answer", "")
		s.run("playback", "/en/say-it.wav")
		for _, words := range []string{"white horse", "<noinput/>"} {
			s.execute("execute_extension", arg)
			heard := s.until(func(f said) bool { return f.get("Application") == "play_and_detect_speech" })
			assert.Contains(t, decoded(heard.get("variable_detect_speech_result")), words)
			assert.Len(t, heard.get("Application-UUID"), 36, "FreeSWITCH's own id")
			over := s.until(func(f said) bool { return f.get("Application-UUID") == "execute_extension" })
			assert.Empty(t, over.get("variable_detect_speech_result"))
		}
		s.execute("hangup", "")
		s.rest()
	})
	assert.Len(t, r.Prompts, 1, "silence is no prompt")
}

func TestAnEngineIsStoppedByACommandWithoutEventLock(t *testing.T) {
	t.Parallel()
	place(t, Options{Engines: []string{"pocketsphinx"}, Speed: 1}, CallOptions{}, func(s *service) {
		s.greet(completions)
		s.run("answer", "")
		s.send("sendmsg\ncall-command: execute\nexecute-app-name: execute_extension\n" +
			"execute-app-arg: 'm:~:play_and_detect_speech:silence_stream://10 detect:pocketsphinx " +
			"{no-input-timeout=60000}words~unset:detect_speech_result' inline\n\n" +
			"sendmsg\ncall-command: execute\nexecute-app-name: detect_speech\nexecute-app-arg: stop\n\n")
		f := s.until(func(f said) bool { return f.get("Application") == "play_and_detect_speech" })
		assert.Equal(t, "DONE", f.get("Application-Response"))
		assert.Empty(t, f.get("variable_detect_speech_result"))
		s.execute("hangup", "")
		s.rest()
	})
}

func TestTheSameCallComesBack(t *testing.T) {
	t.Parallel()
	back := CallOptions{
		UUID: "5b0d7c1e-3a44-4f0e-9c55-2f1b6a7d8e90",
		Variables: []Variable{
			{"cs_call", "019a9c2e"}, {"cs_need_level", "3"}, {"sip_verstat", "TN-Validation-Passed"},
			{"sip_h_X-Countersign-Token", "a.b.c"},
		},
	}
	for range 2 {
		r, _ := place(t, Options{}, back, func(s *service) {
			data := s.greet()
			assert.Equal(t, back.UUID, data.get("Unique-ID"))
			for _, v := range back.Variables {
				assert.Equal(t, v.Value, decoded(data.get("variable_"+v.Name)))
			}
			s.run("multiset", "^^|cs_need_level=|sip_h_X-Countersign-Token=|nolocal:sip_h_X-Countersign-Token=")
			s.run("transfer", "menu XML default")
			s.rest()
		})
		assert.Equal(t, back.UUID, r.UUID)
		assert.NotContains(t, r.Variables, "cs_need_level")
		assert.NotContains(t, r.Variables, "sip_h_X-Countersign-Token")
	}
}

func TestAnUnsetHeaderIsNotExported(t *testing.T) {
	t.Parallel()
	r, _ := place(t, Options{}, CallOptions{}, func(s *service) {
		s.greet(completions)
		s.execute("answer", "",
			"export", "nolocal:sip_h_X-Countersign-Token=a.b.c", "export", "nolocal:sip_h_X-Countersign-Level=2",
			"multiset", "^^|socket_resume=|nolocal:sip_h_X-Countersign-Token=", "transfer", "menu XML default")
		s.rest()
	})
	assert.Equal(t, map[string]string{"X-Countersign-Level": "2"}, r.Headers)
}
