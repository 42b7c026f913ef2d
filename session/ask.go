package session

import (
	"cmp"
	"context"
	"time"

	"countersign/session/event"
)

// Ask is a step's question for digits. Session.Ask turns it into a Collect, with the files of the prompts.
type Ask struct {
	Prompts                []string
	Min, Max               int
	FirstDigit, InterDigit time.Duration
	// Waits says that FirstDigit is a wait for something else than the caller's fingers, such as a message: a slow caller
	// gets no more of it.
	Waits  bool
	OptOut byte
	Flush  bool
	// Speech lets the caller say the answer instead.
	Speech *Speech
	// News, if set, is asked every two seconds while the caller keys nothing, every five while they may speak: true ends
	// the Ask as a silence would.
	News func() bool
	// NewsEach is how often it is asked; default two seconds, and five while the caller may speak. At least a second.
	NewsEach time.Duration
}

// Ask plays what was queued, then the prompts of a, and collects digits. The step wipes the entry's digits.
//
// The entry ends at the last possible digit, but prompts tell the caller to press the hash key. A hash key that comes
// when the next prompt has begun does not answer that one: the prompt is played again. Where the hash key alone is an
// answer, it is late only in the first seconds.
func (s *Session) Ask(ctx context.Context, a Ask) (Entry, error) {
	s.Say(a.Prompts...)
	a = s.paced(a)
	if a.Speech != nil && a.Speech.Hint != "" {
		s.Say(a.Speech.Hint)
	}
	files := s.takeQueued()
	if a.Speech != nil && a.Speech.Hint != "" {
		speech := *a.Speech
		speech.Hint = files[len(files)-1]
		a.Speech = &speech
	}
	c := Collect{
		Files: files, Min: a.Min, Max: a.Max, FirstDigit: a.FirstDigit, InterDigit: a.InterDigit, OptOut: a.OptOut,
		Flush: a.Flush || s.discard, Speech: a.Speech, Secret: s.secret,
	}
	s.discard, s.listened = false, a.Speech != nil
	late := s.hashDue
	for {
		if err := s.act(ctx); err != nil {
			return Entry{}, err
		}
		began := s.now()
		entry, err := s.collect(ctx, c, a.News, a.NewsEach)
		s.said = s.said || entry.Spoken
		s.listened = s.listened && !entry.Deaf
		s.hashDue = err == nil && entry.Class == Input && !entry.Terminated && entry.Keyed == c.Max
		if lone := entry.Class == NoMatch && entry.Terminated && entry.Keyed == 0; err != nil || !lone || !late {
			return entry, err
		}
		if s.MayCorrect() && s.now().Sub(began) > lateHash {
			return entry, nil
		}
		late = false
	}
}

// newsEach is how often News is asked, newsHearing the same while the caller may speak: who begins to speak just when
// one listening ends and the next begins may not be heard. A channel listens no longer at a time.
const (
	newsEach    = 2 * time.Second
	newsHearing = 5 * time.Second
)

// collect collects in slices while there may be news, and notes what that says about the trunk.
func (s *Session) collect(
	ctx context.Context, c Collect, news func() bool, often time.Duration,
) (entry Entry, err error) {
	defer func() {
		if err == nil {
			s.heard.note(entry)
		}
	}()
	if news == nil {
		return s.channel.Collect(ctx, c)
	}
	deaf := false
	for left := c.FirstDigit; ; {
		each := cmp.Or(often, newsEach)
		if c.Speech != nil {
			each = max(often, newsHearing)
		}
		if c.FirstDigit = left; left >= each+time.Second { // FreeSWITCH waits a second at least
			c.FirstDigit = each
		}
		left -= c.FirstDigit
		entry, err := s.channel.Collect(ctx, c)
		deaf = deaf || entry.Deaf
		if err != nil || entry.Class != NoInput || left <= 0 || news() {
			entry.Deaf = deaf
			return entry, err
		}
		c.Files, c.Flush = nil, false
		if deaf {
			c.Speech = nil
		}
	}
}

// lateHash is how long after a prompt began a hash key may belong to the entry before.
const lateHash = 2 * time.Second

// Attempted adds one attempt of the caller, begun at started, to the step's event. What was keyed behind an entry that
// was not accepted answers nothing: the next Ask, of this step or another, discards it.
func (s *Session) Attempted(result event.AttemptResult, started time.Time) {
	s.discard = s.discard || result == event.AttemptRejected || result == event.AttemptNoMatch
	s.attempts = append(s.attempts, event.Attempt{
		Result: result, Milliseconds: s.now().Sub(started).Milliseconds(), Unchecked: s.unchecked, Spoken: s.said,
		Slow: s.slow, Wish: s.wish,
	})
	s.answered(result)
	s.unchecked, s.said, s.wish = false, false, ""
}

// Wished notes what the caller asked for in place of an answer, for the next Attempted.
func (s *Session) Wished(what event.Wish) { s.wish = what }

// Discard discards what the caller has keyed in one go, before the next Ask.
func (s *Session) Discard() { s.discard = true }

// Hear is a step's question for words. Session.Hear turns it into a Listen, with the files of the prompts.
type Hear struct {
	Prompts         []string
	Engine, Grammar string
	Start, Speech   time.Duration
	OptOut          byte
}

// Hear plays what was queued, then the prompts of h, and listens. The step wipes the words.
func (s *Session) Hear(ctx context.Context, h Hear) (Heard, error) {
	s.Say(h.Prompts...)
	files := s.takeQueued()
	if err := s.act(ctx); err != nil {
		return Heard{}, err
	}
	s.hashDue, s.discard = false, false
	heard, err := s.channel.Listen(
		ctx, Listen{Files: files, Engine: h.Engine, Grammar: h.Grammar, Start: h.Start, Speech: h.Speech, OptOut: h.OptOut,
			Secret: s.secret, Expected: Expected{Language: s.language, Kind: ExpectPhrase}},
	)
	s.said = s.said || err == nil && (heard.Class == Input || heard.Class == NoMatch)
	return heard, err
}
