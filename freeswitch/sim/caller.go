package sim

import (
	"slices"
	"time"
)

// Caller is the person on the telephone. Hear is called by the call's goroutine when a prompt starts, and returns how
// the caller reacts. A Caller serves one call.
type Caller interface {
	Hear(Prompt) []Act
}

// CallerFunc is a function as a Caller.
type CallerFunc func(Prompt) []Act

// Hear calls the function.
func (f CallerFunc) Hear(p Prompt) []Act { return f(p) }

// Act is one act of a caller. A caller does one after the other, across prompts too: a caller who is still keying an
// account number when the next prompt starts finishes it first.
type Act struct {
	// Wait is the time since the previous act, or since the start of the prompt.
	Wait time.Duration
	// Key is pressed: 0-9, A-D, * or #. 0 presses nothing.
	Key byte
	// Says are spoken words, which the speech engine understands if it listens. Confidence is that of the engine, up to 1;
	// 0 counts as 1, and below 0 it understands nothing.
	Says       string
	Confidence float64
	// HangUp puts the receiver down.
	HangUp bool
}

// Pace is how fast a caller reacts. The zero Pace reacts at once.
type Pace struct {
	// Listen hears the prompt to its end before reacting.
	Listen bool
	// First is the time before the first key, Between the time between keys.
	First, Between time.Duration
}

// Human is the pace of a person who listens, thinks and keys with one finger.
var Human = Pace{Listen: true, First: 900 * time.Millisecond, Between: 280 * time.Millisecond}

// Type presses keys at this pace in answer to a prompt.
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

// Keys answers each prompt that asks for digits with the next entry, and then stays silent:
// `countersign call --keys 100042,2468`.
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
	// Prompt is the base name of the file; empty: any prompt that asks for something.
	Prompt string
	// Keys are pressed first, then Says is spoken, then HangUp puts the receiver down.
	Keys, Says string
	// Confidence is Act.Confidence.
	Confidence float64
	HangUp     bool
	// Again uses the answer every time, not only the first.
	Again bool
}

// Script is a caller who reacts to each prompt with the first matching answer that is not used up, or stays silent.
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
