package sim

import (
	"slices"
	"time"
)

// Caller is the person on the telephone. Hear is called when a prompt starts, by the call's own goroutine, and says
// what the caller does about it. One Caller serves one call.
type Caller interface {
	Hear(Prompt) []Act
}

// CallerFunc is a Caller that is a function.
type CallerFunc func(Prompt) []Act

// Hear calls the function.
func (f CallerFunc) Hear(p Prompt) []Act { return f(p) }

// Act is one thing that a caller does. A caller does one after the other, also across prompts: somebody who is still
// keying an account number when the next prompt starts goes on with it.
type Act struct {
	// Wait is the time since the act before, or since the start of the prompt.
	Wait time.Duration
	// Key is pressed: 0-9, A-D, * or #. 0 presses nothing.
	Key byte
	// Says is spoken: the words that the speech engine understands, if it listens. Confidence is how sure it is of them,
	// up to 1; 0 is as sure as can be, and below 0 it makes nothing of them.
	Says       string
	Confidence float64
	// HangUp puts the receiver down.
	HangUp bool
}

// Pace is how fast somebody reacts. The zero Pace reacts at once.
type Pace struct {
	// Listen hears the prompt to its end before reacting.
	Listen bool
	// First is the time before the first key, Between the time between keys.
	First, Between time.Duration
}

// Human is the pace of somebody who listens, thinks and keys with one finger.
var Human = Pace{Listen: true, First: 900 * time.Millisecond, Between: 280 * time.Millisecond}

// Type is the keys pressed at this pace in answer to a prompt.
func (p Pace) Type(prompt Prompt, keys string) []Act {
	acts := make([]Act, 0, len(keys)+1)
	wait := p.First
	if p.Listen {
		wait += prompt.Length
	}
	for i := range len(keys) {
		acts = append(acts, Act{Wait: wait, Key: keys[i]})
		wait = p.Between
	}
	return acts
}

// Keys answers every prompt that asks for digits with the next of its entries, and then stays silent: `countersign call
// --keys 100042,2468`.
func Keys(pace Pace, entries ...string) Caller {
	return CallerFunc(func(p Prompt) []Act {
		if !p.Digits || len(entries) == 0 {
			return nil
		}
		keys := entries[0]
		entries = entries[1:]
		return pace.Type(p, keys)
	})
}

// Silent says and presses nothing.
func Silent() Caller { return CallerFunc(func(Prompt) []Act { return nil }) }

// Answer is what a scripted caller does at a prompt.
type Answer struct {
	// Prompt is the base name of the file; empty is any prompt that asks for something.
	Prompt string
	// Keys are pressed, Says is spoken, to who listens; then HangUp puts the receiver down.
	Keys, Says string
	// Confidence is that of Act.
	Confidence float64
	HangUp     bool
	// Again uses the answer every time, not only the first.
	Again bool
}

// Script is a caller who knows what to do at which prompt: of the answers that fit, the first that is not used up;
// none, and the caller is silent.
func Script(pace Pace, answers ...Answer) Caller {
	left := slices.Clone(answers)
	return CallerFunc(func(p Prompt) []Act {
		for i, a := range left {
			if !a.fits(p) {
				continue
			}
			if !a.Again {
				left = slices.Delete(left, i, i+1)
			}
			return a.acts(pace, p)
		}
		return nil
	})
}

func (a Answer) fits(p Prompt) bool {
	if a.Says != "" && !p.Speech {
		return false
	}
	if a.Prompt == "" {
		return p.Digits || p.Speech
	}
	return p.Has(a.Prompt)
}

func (a Answer) acts(pace Pace, p Prompt) []Act {
	acts := pace.Type(p, a.Keys)
	wait := pace.Between
	if len(acts) == 0 {
		if wait = pace.First; pace.Listen {
			wait += p.Length
		}
	}
	if a.Says != "" {
		acts = append(acts, Act{Wait: wait, Says: a.Says, Confidence: a.Confidence})
		wait = pace.Between
	}
	if a.HangUp {
		acts = append(acts, Act{Wait: wait, HangUp: true})
	}
	return acts
}
