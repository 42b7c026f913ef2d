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
	words := map[string]bool{}
	for _, g := range grammars {
		text, err := os.ReadFile(g)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(o.Grammar, filepath.Base(g)), text, 0o644))
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
	dictionary, err := os.OpenFile(filepath.Join(o.Grammar, "words.dict"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer dictionary.Close()
	for line := range bytes.Lines(all) {
		word, _, _ := bytes.Cut(line, []byte(" "))
		word, _, _ = bytes.Cut(word, []byte("("))
		if words[string(word)] {
			_, err := dictionary.Write(line)
			require.NoError(t, err)
		}
	}
	return o
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

func (s *spokenSite) byVoice(t *testing.T) {
	c := s.dials(t, 1)
	c.Say(t, "one zero zero zero four two") // into the prompt
	c.AwaitListened(t, 2, askedWithin)
	c.Say(t, "yes")
	c.AwaitListened(t, 3, askedWithin)
	c.Say(t, "two four six eight one three")
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
	c.Say(t, "one zero zero zero four two")
	c.AwaitListened(t, 2, askedWithin)
	c.Press("1")
	c.AwaitListened(t, 3, askedWithin)
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
