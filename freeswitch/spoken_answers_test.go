package freeswitch_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spokenLine is a line whose callers may say their account and their PIN.
const spokenLine = `format: 1
line: spoken
numbers: ["5600"]
speech: {engine: pocketsphinx}
identify: [number: {name: account, digits: 6}]
verify: {questions: [pin: {digits: 6, speech: true}]}
routes: {verified: menu XML default, identified: agents XML default}
`

// shippedAnswers are the grammars of answers.
const shippedAnswers = "conf/grammar/countersign-*-en.gram"

// heedingAnswers adds a speech engine with the shipped grammars of answers, and the words of these in its dictionary.
func heedingAnswers(t testing.TB, o options, passphrases ...string) options {
	t.Helper()
	o = hearing(t, o, passphrases...)
	grammars, err := filepath.Glob(shippedAnswers)
	require.NoError(t, err)
	require.NotEmpty(t, grammars)
	for _, g := range grammars {
		text, err := os.ReadFile(g)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(o.Grammar, filepath.Base(g)), text, 0o644))
	}
	dictionary, err := os.OpenFile(filepath.Join(o.Grammar, "words.dict"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer dictionary.Close()
	_, err = dictionary.Write(wordsOfAnswers(t))
	require.NoError(t, err)
	return o
}

// wordsOfAnswers is a dictionary with the words of the shipped grammars of answers: it is read faster than all of it.
func wordsOfAnswers(t testing.TB) (dictionary []byte) {
	t.Helper()
	grammars, err := filepath.Glob(shippedAnswers)
	require.NoError(t, err)
	words := map[string]bool{}
	for _, g := range grammars {
		text, err := os.ReadFile(g)
		require.NoError(t, err)
		for _, line := range strings.Split(string(text), "\n") {
			if code, _, _ := strings.Cut(line, "//"); !strings.HasPrefix(code, "#JSGF") {
				for _, w := range regexp.MustCompile(`[a-z']+`).FindAllString(code, -1) {
					words[w] = true
				}
			}
		}
	}
	all, err := os.ReadFile(filepath.Join(modelFolder, "cmudict-en-us.dict"))
	require.NoError(t, err)
	for line := range bytes.Lines(all) {
		word, _, _ := bytes.Cut(line, []byte(" "))
		word, _, _ = bytes.Cut(word, []byte("("))
		if words[string(word)] {
			dictionary = append(dictionary, line...)
		}
	}
	return dictionary
}

// TestCallersSayTheirNumbers is a call by voice alone, by keys alone, and by both.
func TestCallersSayTheirNumbers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	s := &spokenSite{startSiteOn(t,
		serviceOptions{Customers: everybody(), Lines: []string{spokenLine}}, heedingAnswers(t, options{Files: lineDialplan}))}
	inParallel(t,
		scenario{"by voice alone", s.byVoice},
		scenario{"by keys alone", s.byKeys},
		scenario{"a key ends the listening, the rest follows", s.byBoth},
		scenario{"a representative, please", s.aPerson},
	)
}

type spokenSite struct{ *site }

func (s *spokenSite) dials(t *testing.T, n int) *call {
	c := callWithSIPp(t, s.freeSWITCH, dial{To: "5600", From: numberOf(780, n), Wide: true})
	c.AwaitListened(t, 1, askedWithin)
	return c
}

// saysTheAccount says it until it is read back right: an engine on a busy machine mishears. It returns how often
// FreeSWITCH has listened.
func (s *spokenSite) saysTheAccount(t *testing.T, c *call) (listened int) {
	t.Helper()
	listened = 1
	for range 4 {
		c.Say(t, "one zero zero zero four two")
		listened++
		c.AwaitListened(t, listened, 4*askedWithin)
		switch readBack(c, listened) {
		case "100042":
			return listened
		case "": // not understood
		default:
			c.Press("2")
			listened++
			c.AwaitListened(t, listened, 2*askedWithin)
		}
	}
	require.Fail(t, "the account was not understood")
	return 0
}

// listens is how often FreeSWITCH has listened.
func (c *call) listens() (times int) {
	for _, s := range c.seen() {
		if s.Application == "play_and_detect_speech" {
			times++
		}
	}
	return times
}

// letThrough waits until the caller is let through; false if FreeSWITCH listens for the nth time instead.
func (c *call) letThrough(t *testing.T, nth int) bool {
	t.Helper()
	next := c.fs.calls.await(t, c.ID, "let through or asked again", 2*saidWithin, func(s sighting) bool {
		return strings.Contains(s.Arguments, "/confirmation.wav") || c.listens() == nth
	})
	return strings.Contains(next.Arguments, "/confirmation.wav")
}

func (s *spokenSite) byVoice(t *testing.T) {
	c := s.dials(t, 1)
	listened := s.saysTheAccount(t, c) // into the prompt
	c.Say(t, "yes")
	listened++
	c.AwaitListened(t, listened, 2*askedWithin)
	for range 3 { // an engine on a busy machine mishears
		c.Say(t, "two four six eight one three")
		listened++
		if c.letThrough(t, listened) {
			break
		}
	}
	c.AwaitAt(t, "default", "menu", saidWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), r.result())
	for _, gone := range []string{
		"detect_speech_result", "playback_terminators", "playback_terminator_used", "cs_digits", "sensitive_dtmf",
	} {
		assert.NotContains(t, r.Variables, gone)
	}
}

func (s *spokenSite) byKeys(t *testing.T) {
	c := s.dials(t, 2)
	c.Press("100042#")
	c.AwaitListened(t, 2, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
}

func (s *spokenSite) byBoth(t *testing.T) {
	c := s.dials(t, 3)
	listened := s.saysTheAccount(t, c)
	c.Press("1")
	c.AwaitListened(t, listened+1, 2*askedWithin)
	c.Press("246813")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
}

func (s *spokenSite) aPerson(t *testing.T) {
	c := s.dials(t, 4)
	c.Say(t, "representative")
	c.AwaitAt(t, "default", "agents", saidWithin)
	assert.Equal(t, "opted_out", c.Record(t).Variables["cs_reason"])
}
