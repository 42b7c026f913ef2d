package esl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"countersign/session"
)

const (
	// listenEach is how often we look for what the caller has said: FreeSWITCH's frame.
	listenEach = 20 * time.Millisecond
	// stirsAtMost is how much longer a caller is listened to who may have just begun to speak.
	stirsAtMost = time.Second
	// soundWithin is how long the first sound may take. Telephones send some all the time.
	soundWithin = time.Second
	// breakWithin is how long FreeSWITCH may take to stop a prompt.
	breakWithin = 2 * time.Second
)

// breakPrompt ends the prompt that is being played. Without "all" it would drop commands that wait.
var breakPrompt = constant("break", "all")

// errKeyed ends a request of a recogniser: the caller keys instead.
var errKeyed = errors.New("the caller keys")

// listening is a question to a caller whom a recogniser of the company's own hears.
type listening struct {
	engine, grammar string
	expected        session.Expected
	recogniser      session.Recogniser
	files           []string // played meanwhile, until the caller speaks or keys
	start, length   time.Duration
	anyKey          bool // every key counts
	optOut          byte // else the only one that does; 0: none
}

// collectRecognised is collectSpoken with a recogniser of the company's own.
func (ch *channel) collectRecognised(
	ctx context.Context, q session.Collect, r session.Recogniser,
) (session.Entry, error) {
	l := listening{
		engine: q.Speech.Engine, grammar: q.Speech.Grammar, expected: q.Speech.Expected, recogniser: r, files: q.Files,
		start: min(q.FirstDigit, longestStart), length: q.Speech.Length, anyKey: true,
	}
	e, keyed, err := ch.recognise(ctx, l)
	if err != nil || !keyed {
		return e, err
	}
	deaf := e.Deaf
	e, err = ch.collectRest(ctx, q)
	e.Deaf = deaf
	return e, err
}

// listenRecognised is Listen with a recogniser of the company's own.
func (ch *channel) listenRecognised(
	ctx context.Context, l session.Listen, r session.Recogniser,
) (session.Heard, error) {
	e, keyed, err := ch.recognise(ctx, listening{
		engine: l.Engine, grammar: l.Grammar, expected: l.Expected, recogniser: r,
		start: l.Start, length: l.Speech, optOut: l.OptOut,
	})
	switch {
	case err != nil:
		return session.Heard{}, err
	case keyed:
		return session.Heard{Class: session.OptedOut}, nil
	}
	for _, h := range e.Others { // a phrase is right or wrong
		h.Words.Wipe()
	}
	return session.Heard{Class: e.Class, Words: e.Words, Confidence: e.Confidence}, nil
}

// errNoSound: FreeSWITCH records nothing, or where we do not see it.
var errNoSound = errors.New("no sound came from FreeSWITCH: it must be on this machine and may write to speech.folder")

// deafTo is ErrNoSpeech, and remembers for this call that the engine is not to be tried again.
func (ch *channel) deafTo(engine string, err error) error {
	if ch.deaf == nil {
		ch.deaf = map[string]bool{}
	}
	ch.deaf[engine] = true
	ch.c.limits.Log.Warn("a caller is not heard and keys", "recogniser", engine, "err", err)
	return fmt.Errorf("listen with %s: %w: %w", engine, session.ErrNoSpeech, err)
}

// recognise plays the files and waits for the first key or for words, whichever comes first. keyed says that it was a
// key. ErrNoSpeech means that what was said was lost, or that nobody can be heard; keys are taken until the prompt has
// ended.
//
// FreeSWITCH records what the caller says to memory (package tap), whatever else it does for the call. The prompt runs
// without event-lock, so that it can be broken off when the caller speaks.
func (ch *channel) recognise(ctx context.Context, l listening) (e session.Entry, keyed bool, err error) {
	if ch.deaf[l.engine] || !l.recogniser.Ready() {
		return session.Entry{}, false, fmt.Errorf("listen with %s: %w: it failed lately", l.engine, session.ErrNoSpeech)
	}
	if err := ch.c.catchUp(ctx); err != nil {
		return session.Entry{}, false, err
	}
	asked := session.Listen{Engine: l.engine, Grammar: l.grammar, Start: l.start, Speech: l.length}
	if err := checkListen(asked); err != nil {
		return session.Entry{}, false, err
	}
	w := &waiting{ch: ch, listening: l, ear: ear{by: l.recogniser, answer: make(chan recognised, 1)}}
	if err := w.begin(); err != nil {
		return session.Entry{}, false, err
	}
	defer func() { w.end(ctx, keyed) }()
	return w.wait(ctx)
}

// waiting is a caller who is listened to.
type waiting struct {
	ch *channel
	listening
	ear
	// record and prompt run until they are nil.
	record, prompt *execution
	played         atomic.Bool // the prompt's own application has ended
	unplayable     atomic.Bool
	broken         time.Time // when we asked FreeSWITCH to stop the prompt
	began          time.Time // of this, and then of the silence behind the prompt
	latest         time.Time // when FreeSWITCH must have ended the prompt
	recording      bool      // FreeSWITCH records, until it is told to stop
	got            *recognised
}

// begin has FreeSWITCH record and play.
func (w *waiting) begin() error {
	ch, c := w.ch, w.ch.c
	atMost := length(w.files) + w.start + w.length + listenSlack
	w.began = time.Now()
	w.latest = w.began.Add(atMost + hearAtMost)
	var err error
	if w.tap, err = c.limits.Sounds.New(); err != nil {
		return ch.deafTo(w.engine, err)
	}
	closeTap := true
	defer func() {
		if closeTap {
			_ = w.tap.Close()
		}
	}()
	record, cmd, err := c.start("record_session", recordTo(w.tap.Path(), w.by.Rate(), atMost+listenSlack), nil)
	if err != nil {
		return err
	}
	executions := []outgoing{cmd}
	xs := []*execution{record}
	w.record = record
	if len(w.files) > 0 {
		if cmd, err = w.promptCommand(); err != nil {
			return err
		}
		executions, xs = append(executions, cmd), append(xs, w.prompt)
	}
	closeTap, w.recording = false, true
	// Last, because both count on being sent.
	commands := slices.Concat(ch.another(), ch.recording.commands())
	if ch.deadMan.to != "" { // it cannot be queued behind an application without event-lock
		commands = append(commands, outgoing{text: ch.deadMan.off},
			outgoing{text: ch.deadMan.after(atMost + hearAtMost)})
	}
	c.begin(xs, append(commands, executions...)...)
	return nil
}

// recordTo is the argument of record_session: the caller's side alone, at once, and for a while. What the dialplan has
// set for recordings of its own does not count for ours. FreeSWITCH removes a recording that is too short, as ours is:
// should we be killed before we have hidden it, it is gone when the recording ends.
func recordTo(path string, rate int, atMost time.Duration) string {
	return fmt.Sprintf("%s +%d {RECORD_READ_ONLY=true,record_sample_rate=%d,enable_file_write_buffering=false,"+
		"RECORD_USE_THREAD=false,RECORD_PRE_BUFFER_FRAMES=1,RECORD_HANGUP_ON_ERROR=false,RECORD_WRITE_ONLY=false,"+
		"RECORD_STEREO=false,RECORD_STEREO_SWAP=false,RECORD_APPEND=false,RECORD_ANSWER_REQ=false,RECORD_BRIDGE_REQ=false,"+
		"RECORD_CHECK_BRIDGE=false,RECORD_MIN_SEC=3600,RECORD_INITIAL_TIMEOUT_MS=-1,RECORD_FINAL_TIMEOUT_MS=-1,"+
		"RECORD_SILENCE_THRESHOLD=-1}",
		path, int(atMost/time.Second)+1, rate)
}

// promptCommand plays the prompt in an inline dialplan, which any key ends.
func (w *waiting) promptCommand() (outgoing, error) {
	files, err := playable(w.files, false)
	if err != nil {
		return outgoing{}, err
	}
	if strings.Contains(files, "~") {
		return outgoing{}, fmt.Errorf("%w: file name %q: FreeSWITCH cannot play it while it listens: use a path without ~",
			session.ErrNoSpeech, files)
	}
	keys := w.ch.c.keys
	x, cmd, err := w.ch.c.start("execute_extension", fmt.Sprintf(
		"'m:~:set:playback_terminators=%s~unset:playback_terminator_used~playback:%s"+
			"~unset:playback_terminators~unset:playback_terminator_used' inline", allKeys, files),
		func(h header) {
			response, _ := h.raw("Application-Response")
			w.unplayable.Store(string(response) == "FILE%20NOT%20FOUND")
			w.played.Store(true) // before the key, which would break off a prompt that plays
			raw, _ := h.raw("variable_playback_terminator_used")
			at, _ := h.raw("Event-Date-Timestamp")
			key := decoded(raw)
			keys.put(key, eventTime(at))
			clear(key)
		})
	if err != nil {
		return outgoing{}, err
	}
	x.inside = "playback"
	w.prompt = x
	return cmd, nil
}

// wait waits for what the caller does.
func (w *waiting) wait(ctx context.Context) (e session.Entry, keyed bool, err error) {
	look := time.NewTicker(listenEach)
	defer look.Stop()
	for {
		var recorded, ended chan error // a nil channel is never ready
		if w.record != nil {
			recorded = w.record.done
		}
		if w.prompt != nil {
			ended = w.prompt.done
		}
		select {
		case err := <-recorded:
			w.record = nil
			w.tap.Hide()
			if err != nil {
				w.stopHearing(ctx, err)
			}
		case err := <-ended:
			w.prompt, w.began = nil, time.Now()
			if err == nil && w.unplayable.Load() {
				err = ErrUnplayable
			}
			if err != nil {
				return e, false, fmt.Errorf("play %s: %w", strings.Join(w.files, ", "), err)
			}
		case got := <-w.answer:
			w.asked, w.got = false, &got
		case <-w.ch.c.keys.pressed:
		case <-ctx.Done():
			return e, false, context.Cause(ctx)
		case <-look.C:
			if w.deaf == nil {
				w.hear(ctx, time.Now())
			}
		}
		keyed = keyed || w.keyed()
		if over, e, err := w.decide(ctx, keyed); over {
			return e, keyed, err
		}
	}
}

// keyed says whether the caller has pressed a key that counts.
func (w *waiting) keyed() bool {
	if w.anyKey {
		return w.ch.c.keys.count() > 0
	}
	_, optedOut := w.ch.c.keys.drop(w.optOut)
	return optedOut
}

// hear takes what was said since, and notices if the caller begins or ends.
func (w *waiting) hear(ctx context.Context, now time.Time) {
	prompt := w.prompt != nil && w.broken.IsZero()
	begins, err := w.listen(now, prompt, !prompt || w.by.BargeIn())
	if begins {
		w.ask(w.expected, w.grammar, w.length)
		_, err = w.listen(now, false, false)
	}
	switch {
	case err != nil:
		w.stopHearing(ctx, err)
	case w.heardAt.IsZero() && w.prompt == nil && now.Sub(w.began) > soundWithin:
		w.stopHearing(ctx, errNoSound)
	case w.utterance != nil && w.isOver(now, w.length):
		w.utterance.End()
		w.stopRecording(ctx)
	}
}

// stopHearing goes on with keys alone, to the end of the prompt.
func (w *waiting) stopHearing(ctx context.Context, err error) {
	w.deaf = w.ch.deafTo(w.engine, err)
	w.stopRecording(ctx)
}

// decide says whether the question is over, and how it was answered.
func (w *waiting) decide(ctx context.Context, keyed bool) (over bool, e session.Entry, err error) {
	now := time.Now()
	if w.prompt != nil {
		switch {
		case now.After(w.latest), !w.broken.IsZero() && now.Sub(w.broken) > breakWithin:
			return true, e, w.ch.deafTo(w.engine, errNoEnd)
		case (keyed || w.utterance != nil) && w.broken.IsZero() && !w.played.Load():
			w.broken = now
			w.send(ctx, breakPrompt)
		}
		return false, e, nil
	}
	switch {
	case keyed:
		return true, session.Entry{Deaf: w.deaf != nil}, nil
	case w.deaf != nil:
		return true, e, w.deaf
	case w.got != nil && w.got.err != nil:
		return true, e, w.ch.deafTo(w.engine, w.got.err)
	case w.got != nil:
		e, w.got = w.got.entry, nil
		return true, e, nil
	case w.asked && now.Sub(w.askedAt) > w.length+2*listenSlack: // it promised an answer within a second
		return true, e, w.ch.deafTo(w.engine, errNoEnd)
	case w.utterance == nil && now.Sub(w.began) >= w.start && !w.stirs(now):
		return true, e, nil
	}
	return false, e, nil
}

// stirs says that the caller may have just begun to speak: a word is noticed only when some of it was heard.
func (w *waiting) stirs(now time.Time) bool {
	return w.detector.Quiet() < heardBefore && now.Sub(w.began) < w.start+stirsAtMost
}

// send sends a command to a call that is still ours.
func (w *waiting) send(ctx context.Context, command string) {
	if w.ch.c.catchUp(ctx) != nil {
		return // the call is over, and wait says so
	}
	if err := w.ch.c.send(outgoing{text: command}); err != nil {
		w.ch.c.lost(err)
	}
}

// stopRecording tells FreeSWITCH to record no more.
func (w *waiting) stopRecording(ctx context.Context) {
	if !w.recording {
		return
	}
	w.recording = false
	w.send(ctx, constant("stop_record_session", w.tap.Path()))
}

// end stops everything, whatever has come of it. ctx has ended if the call has.
func (w *waiting) end(ctx context.Context, keyed bool) {
	why := errNoEnd
	if keyed {
		why = errKeyed
	}
	if ctx.Err() != nil {
		why, w.recording = context.Cause(ctx), false
	}
	w.stopRecording(ctx)
	if w.record != nil && ctx.Err() == nil { // FreeSWITCH would make the file anew, and nobody would remove it
		select {
		case <-w.record.done:
			w.record = nil
		case <-ctx.Done():
		case <-time.After(breakWithin):
		}
	}
	for _, x := range []*execution{w.record, w.prompt} {
		if x != nil {
			_ = w.ch.c.abandon(x, nil)
		}
	}
	w.wipe(why)
	if w.got != nil { // a key came first
		w.got.entry.Wipe()
	}
}
