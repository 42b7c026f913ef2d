package esl_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/esl/tap"
	"countersign/freeswitch/sim"
	"countersign/internal/programtest"
	"countersign/session"
	"countersign/session/sessiontest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// own is a recogniser of the company's own, in memory.
type own struct {
	away, noBargeIn bool
	answer          session.Entry
	err             error
	// hangs answers when it is given up.
	hangs bool

	mu     sync.Mutex
	asked  []session.Expected
	sounds [][]byte
	causes []error
}

func (o *own) Ready() bool   { return !o.away }
func (o *own) Rate() int     { return 8000 }
func (o *own) BargeIn() bool { return !o.noBargeIn }

func (o *own) Recognise(
	ctx context.Context, x session.Expected, _ string, s session.Sound,
) (session.Entry, error) {
	defer s.Close()
	o.mu.Lock()
	o.asked = append(o.asked, x)
	o.mu.Unlock()
	if o.hangs {
		<-ctx.Done()
		o.mu.Lock()
		defer o.mu.Unlock()
		o.causes = append(o.causes, context.Cause(ctx))
		return session.Entry{}, context.Cause(ctx)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	heard, err := io.ReadAll(s)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sounds = append(o.sounds, heard)
	if err != nil {
		return session.Entry{}, err
	}
	return o.answer, o.err
}

func (o *own) times() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

// words is what the recogniser understands.
func words(s string, others ...string) session.Entry {
	e := session.Entry{Class: session.Input, Spoken: true, Words: session.NewSecret([]byte(s)), Confidence: 0.9}
	for _, o := range others {
		e.Others = append(e.Others, session.Hypothesis{Words: session.NewSecret([]byte(o)), Confidence: 0.5})
	}
	return e
}

// sounds is a folder in memory.
func sounds(t *testing.T) *tap.Folder {
	t.Helper()
	path := programtest.Memory(t)
	t.Cleanup(func() {
		left, err := os.ReadDir(path)
		assert.NoError(t, err)
		assert.Empty(t, left, "nothing is left of what was said")
	})
	f, err := tap.Open(path, "")
	require.NoError(t, err)
	return f
}

// account is a question that the recogniser hears.
func account() session.Collect {
	q := pin()
	q.Speech = &session.Speech{
		Engine: "own", Grammar: "digits", Length: 2 * time.Second,
		Expected: session.Expected{Language: "en", Kind: session.ExpectDigits, Min: 4, Max: 6},
	}
	return q
}

// asking serves one call that asks these questions, one after the other.
func asking(t *testing.T, o *own, questions ...session.Collect) (*oneCall, *[]session.Entry, *esltest.Peer) {
	t.Helper()
	var got []session.Entry
	call, h := handle(t, func(ctx context.Context, ch session.Channel) error {
		for _, q := range questions {
			e, err := ch.Collect(ctx, q)
			if err != nil {
				return err
			}
			got = append(got, e)
		}
		return nil
	})
	_, addr := serve(t, esl.Options{Recognisers: map[string]session.Recogniser{"own": o}, Sounds: sounds(t)}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	return call, &got, p
}

// telephone is what FreeSWITCH records of the caller.
type telephone struct {
	t *testing.T
	p *esltest.Peer
	f *os.File
	// prompt is the command that plays the prompt.
	prompt esltest.Command
}

// records answers the beginning of a question as FreeSWITCH does.
func records(t *testing.T, p *esltest.Peer) *telephone {
	t.Helper()
	c := p.Expect("record_session")
	path, rest, _ := strings.Cut(c.Arg, " ")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	assert.Contains(t, rest, "RECORD_READ_ONLY=true,record_sample_rate=8000")
	p.Send(esltest.OK())
	p.Send(esltest.Completion(c))
	ph := &telephone{t: t, p: p, f: f}
	ph.prompt = p.Expect("execute_extension")
	p.Send(esltest.OK())
	return ph
}

// hears adds so much sound: silence, or speech.
func (h *telephone) hears(d time.Duration, speech bool) {
	h.t.Helper()
	n := int(d * 8000 / time.Second)
	b := make([]byte, 0, 2*n)
	for i := range n {
		v := int16(0)
		if speech {
			v = int16(8000 * math.Abs(math.Sin(math.Pi*4*float64(i)/8000)) * math.Sin(2*math.Pi*300*float64(i)/8000))
		}
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	_, err := h.f.Write(b)
	require.NoError(h.t, err)
}

// says is a second of speech.
func (h *telephone) says() {
	h.hears(500*time.Millisecond, false)
	h.hears(time.Second, true)
	h.hears(1100*time.Millisecond, false)
}

// promptEnds is the end of the prompt, by itself or by a key.
func (h *telephone) promptEnds(vars ...string) {
	h.p.Send(esltest.Completion(esltest.Command{App: "playback"}, vars...))
	h.p.Send(esltest.Completion(h.prompt))
}

func TestWordsAreHeardByTheCompanysOwnRecogniser(t *testing.T) {
	t.Parallel()
	o := &own{answer: words("one two three four", "one two three five")}
	call, got, p := asking(t, o, account())
	h := records(t, p)
	assert.Equal(t, "'m:~:set:playback_terminators=0123456789*ABCD#~unset:playback_terminator_used"+
		"~playback:/p/ask-pin.wav~unset:playback_terminators~unset:playback_terminator_used' inline", h.prompt.Arg)
	h.promptEnds("Application-Response", "FILE PLAYED")
	h.says()
	stop := p.Do("stop_record_session")
	assert.Equal(t, stop.Arg, h.f.Name())
	require.NoError(t, call.wait())
	e := (*got)[0]
	assert.Equal(t, session.Input, e.Class)
	assert.True(t, e.Spoken)
	assert.Equal(t, "one two three four", string(e.Words.Reveal()))
	require.Len(t, e.Others, 1)
	assert.Equal(t, "one two three five", string(e.Others[0].Words.Reveal()))
	assert.Equal(t, []session.Expected{account().Speech.Expected}, o.asked)
	heard := time.Duration(len(o.sounds[0])) * time.Second / 16000
	assert.InDelta(t, 2.4, heard.Seconds(), 0.4, "from a little before the first word until a second after the last")
}

func TestSpeechBreaksAPromptOff(t *testing.T) {
	t.Parallel()
	o := &own{answer: words("one two three four")}
	call, got, p := asking(t, o, account())
	h := records(t, p)
	h.hears(500*time.Millisecond, false)
	h.hears(time.Second, true)
	c := p.Expect("break")
	assert.Equal(t, "all", c.Arg)
	assert.Empty(t, c.Header.Get("Event-Lock"), "it must get through")
	p.Send(esltest.OK())
	p.Send(esltest.Completion(c))
	h.promptEnds("Application-Response", "FILE PLAYED")
	h.hears(1100*time.Millisecond, false)
	p.Do("stop_record_session")
	require.NoError(t, call.wait())
	assert.Equal(t, "one two three four", string((*got)[0].Words.Reveal()))
}

func TestWithoutBargeInThePromptIsPlayedToItsEnd(t *testing.T) {
	t.Parallel()
	o := &own{answer: words("one two three four"), noBargeIn: true}
	call, got, p := asking(t, o, account())
	h := records(t, p)
	h.says() // its own echo
	p.ExpectNothingFor(100 * time.Millisecond)
	assert.Zero(t, o.times())
	h.promptEnds("Application-Response", "FILE PLAYED")
	require.Eventually(t, func() bool {
		h.hears(100*time.Millisecond, true)
		return o.times() == 1
	}, patience, 10*time.Millisecond)
	h.hears(1100*time.Millisecond, false)
	p.Do("stop_record_session")
	require.NoError(t, call.wait())
	assert.Equal(t, "one two three four", string((*got)[0].Words.Reveal()))
}

func TestAKeyWinsOverSpeech(t *testing.T) {
	t.Parallel()
	for name, press := range map[string]func(h *telephone){
		"in the prompt": func(h *telephone) {
			h.promptEnds("variable_playback_terminator_used", "1")
			h.p.Press("234#")
		},
		"after the prompt": func(h *telephone) {
			h.promptEnds()
			h.p.Press("1234#")
		},
		"while the caller speaks": func(h *telephone) {
			h.promptEnds()
			h.hears(500*time.Millisecond, false)
			h.hears(time.Second, true)
			h.p.Press("1234#")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &own{hangs: true}
			call, got, p := asking(t, o, account())
			press(records(t, p))
			p.Do("stop_record_session")
			require.NoError(t, call.wait())
			e := (*got)[0]
			assert.Equal(t, "1234", string(e.Digits.Reveal()))
			assert.False(t, e.Spoken)
			assert.False(t, e.Deaf)
			for _, cause := range o.causes {
				assert.ErrorContains(t, cause, "keys")
			}
		})
	}
}

func TestNothingIsSaid(t *testing.T) {
	t.Parallel()
	q := account()
	q.FirstDigit = 50 * time.Millisecond
	o := &own{}
	call, got, p := asking(t, o, q)
	h := records(t, p)
	h.hears(time.Second, false)
	h.promptEnds()
	p.Do("stop_record_session")
	require.NoError(t, call.wait())
	assert.Equal(t, session.Entry{Class: session.NoInput}, (*got)[0])
	assert.Zero(t, o.times())
}

// Who begins to speak just when the time is over is heard.
func TestACallerWhoHasJustBegunToSpeakIsHeard(t *testing.T) {
	t.Parallel()
	q := account()
	q.FirstDigit = 50 * time.Millisecond
	o := &own{answer: words("one two three four")}
	call, got, p := asking(t, o, q)
	h := records(t, p)
	h.hears(time.Second, false)
	h.hears(80*time.Millisecond, true) // too little to be a word
	h.promptEnds()
	p.ExpectNothingFor(200 * time.Millisecond)
	h.hears(time.Second, true)
	h.hears(1100*time.Millisecond, false)
	p.Do("stop_record_session")
	require.NoError(t, call.wait())
	assert.Equal(t, "one two three four", string((*got)[0].Words.Reveal()))
}

func TestACallerWhoSaysNothingMoreIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	q := account()
	q.FirstDigit = 50 * time.Millisecond
	o := &own{}
	call, got, p := asking(t, o, q)
	h := records(t, p)
	h.hears(time.Second, false)
	h.hears(80*time.Millisecond, true)
	h.promptEnds()
	p.Do("stop_record_session") // after a second at most
	require.NoError(t, call.wait())
	assert.Equal(t, session.Entry{Class: session.NoInput}, (*got)[0])
	assert.Zero(t, o.times())
}

// keysAreAsked answers the question by keys.
func keysAreAsked(p *esltest.Peer) { p.Digits("1234", "#") }

func TestARecogniserThatFailsIsNotAskedAgainInTheCall(t *testing.T) {
	t.Parallel()
	o := &own{err: errors.New("status 500")}
	call, got, p := asking(t, o, account(), account())
	h := records(t, p)
	h.promptEnds()
	h.says()
	p.Do("stop_record_session")
	keysAreAsked(p)
	keysAreAsked(p)
	require.NoError(t, call.wait())
	require.Len(t, *got, 2)
	for _, e := range *got {
		assert.Equal(t, "1234", string(e.Digits.Reveal()))
		assert.True(t, e.Deaf)
	}
	assert.Equal(t, 1, o.times())
}

func TestARecogniserThatIsAwayCostsNothing(t *testing.T) {
	t.Parallel()
	call, got, p := asking(t, &own{away: true}, account())
	keysAreAsked(p)
	require.NoError(t, call.wait())
	assert.True(t, (*got)[0].Deaf)
}

func TestACallerWhoIsNotHeardKeys(t *testing.T) {
	t.Parallel()
	call, got, p := asking(t, &own{}, account())
	h := records(t, p) // and no sound comes
	h.promptEnds()
	p.Do("stop_record_session")
	keysAreAsked(p)
	require.NoError(t, call.wait())
	assert.Equal(t, "1234", string((*got)[0].Digits.Reveal()))
	assert.True(t, (*got)[0].Deaf)
}

func TestAHangUpEndsHearing(t *testing.T) {
	t.Parallel()
	o := &own{hangs: true}
	call, _, p := asking(t, o, account())
	h := records(t, p)
	h.promptEnds()
	h.hears(500*time.Millisecond, false)
	h.hears(time.Second, true)
	require.Eventually(t, func() bool { return o.times() == 1 }, patience, time.Millisecond)
	p.Send(esltest.Hangup("NORMAL_CLEARING"))
	var hangup *session.HangupError
	require.ErrorAs(t, call.wait(), &hangup)
	require.ErrorAs(t, o.causes[0], &hangup)
}

func TestAPromptThatCannotBePlayedIsSaidSo(t *testing.T) {
	t.Parallel()
	call, _, p := asking(t, &own{}, account())
	h := records(t, p)
	h.promptEnds("Application-Response", "FILE NOT FOUND")
	p.Do("stop_record_session")
	require.ErrorIs(t, call.wait(), esl.ErrUnplayable)
}

func TestAPassphraseIsHeardByTheCompanysOwnRecogniser(t *testing.T) {
	t.Parallel()
	l := phrase()
	l.Engine, l.OptOut = "own", '*'
	l.Expected = session.Expected{Language: "en", Kind: session.ExpectPhrase}
	for name, c := range map[string]struct {
		press string
		want  session.Heard
		words string
	}{
		"said":                   {"", session.Heard{Class: session.Input, Confidence: 0.9}, "white horse"},
		"opted out":              {"*", session.Heard{Class: session.OptedOut}, ""},
		"other keys are ignored": {"1", session.Heard{Class: session.Input, Confidence: 0.9}, "white horse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &own{answer: words("white horse", "white hose")}
			var got session.Heard
			call, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
				got, err = ch.Listen(ctx, l)
				return err
			})
			_, addr := serve(t, esl.Options{Recognisers: map[string]session.Recogniser{"own": o}, Sounds: sounds(t)}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			p.Do("playback", "Application-Response", "FILE PLAYED")
			record := p.Expect("record_session")
			path, _, _ := strings.Cut(record.Arg, " ")
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
			require.NoError(t, err)
			defer f.Close()
			p.Send(esltest.OK())
			p.Send(esltest.Completion(record))
			p.Press(c.press)
			if c.words != "" {
				(&telephone{t: t, f: f}).says()
			}
			p.Do("stop_record_session")
			require.NoError(t, call.wait())
			assert.Equal(t, c.words, string(got.Words.Reveal()))
			got.Words = session.Secret{}
			assert.Equal(t, c.want, got)
		})
	}
}

// deciphers is a recogniser that knows the language of the simulated FreeSWITCH's callers.
type deciphers struct{ own }

func (d *deciphers) Recognise(
	_ context.Context, _ session.Expected, _ string, s session.Sound,
) (session.Entry, error) {
	defer s.Close()
	heard, err := io.ReadAll(s)
	if err != nil {
		return session.Entry{}, err
	}
	switch said, sure := sim.Words(heard, d.Rate()); {
	case said == "":
		return session.Entry{Class: session.NoInput}, nil
	case sure < 0:
		return session.Entry{Class: session.NoMatch, Spoken: true}, nil
	default:
		e := words(said)
		e.Confidence = sure
		return e, nil
	}
}

// With a recogniser of the company's own the channel on the wire is held to the same contract.
func TestTheChannelWithTheCompanysOwnRecogniserConforms(t *testing.T) {
	t.Parallel()
	conform(t, func(t *testing.T) esl.Options {
		return esl.Options{
			Recognisers: map[string]session.Recogniser{sessiontest.Engine: &deciphers{}}, Sounds: sounds(t),
		}
	})
}
