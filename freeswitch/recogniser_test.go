package freeswitch_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recognisedLine is a line whose callers may say their account and their PIN to a recogniser of the company's own.
const recognisedLine = `format: 1
line: spoken
numbers: ["5600", "5000"]
speech: {engine: own}
identify: [number: {name: account, digits: 6}]
verify: {questions: [pin: {digits: 6, speech: true}]}
routes: {verified: menu XML default, identified: agents XML default}
`

// narrowLine is the same with another recogniser, for calls as telephones make them.
var narrowLine = strings.NewReplacer("line: spoken", "line: narrow", `["5600", "5000"]`, `["5601"]`, "engine: own",
	"engine: narrow").Replace(recognisedLine)

// memory is a folder in memory for this test. Nothing must be left in it.
func memory(t testing.TB) string {
	t.Helper()
	path := programtest.Memory(t)
	t.Cleanup(func() {
		left, err := os.ReadDir(path)
		assert.NoError(t, err)
		assert.Empty(t, left, "nothing is left of what was said")
	})
	return path
}

// heardBy is a service whose callers are heard by a recogniser.
func heardBy(t testing.TB, url string, customers []customer) serviceOptions {
	return serviceOptions{
		Customers: customers, Lines: []string{recognisedLine, narrowLine},
		Settings: fmt.Sprintf("speech:\n  folder: %q\n  recognisers:\n    own: {url: %q, rate: 16000}\n"+
			"    narrow: {url: %q, barge_in: false}\n", memory(t), url, url),
	}
}

// recogniserSite is a site whose callers are heard by a recogniser.
type recogniserSite struct {
	*site
	ear *companyEar
}

func startRecogniserSite(t *testing.T) *recogniserSite {
	findFreeSWITCH(t)
	needVoice(t)
	ear := startCompanyEar(t)
	return &recogniserSite{
		ear: ear, site: startSiteOn(t, heardBy(t, ear.URL, everybody()), options{Files: lineDialplan}),
	}
}

func (s *recogniserSite) dials(t *testing.T, n int) *call {
	return callWithSIPp(t, s.freeSWITCH, dial{To: "5600", From: numberOf(790, n), Wide: true})
}

// AwaitHeard waits until FreeSWITCH records what the caller says, for the nth time.
func (c *call) AwaitHeard(t testing.TB, nth int, within time.Duration) {
	t.Helper()
	c.fs.calls.awaitNth(t, c.ID, fmt.Sprintf("heard by the recogniser, time %d", nth), nth, within,
		func(s sighting) bool { return s.Application == "record_session" })
}

// TestTheCompanysOwnRecogniserHearsCallers is a call by voice alone, by keys alone, and by both, with a recogniser that
// answers what the test says.
func TestTheCompanysOwnRecogniserHearsCallers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	s := startRecogniserSite(t)
	// One after the other: the recogniser is told what to answer.
	t.Run("by voice alone", s.byVoice)
	t.Run("what else may have been said", s.inDoubt)
	t.Run("on a telephone, after the prompt", s.onATelephone)
	t.Run("by keys alone", s.byKeys)
	t.Run("a key while the recogniser thinks", s.byBoth)
	t.Run("hung up while speaking", s.hungUp)
	t.Run("a recogniser that hangs", s.hangs)
}

func (s *recogniserSite) byVoice(t *testing.T) {
	c := s.dials(t, 1)
	c.AwaitHeard(t, 1, askedWithin)
	before := len(s.ear.utterances())
	s.ear.answers("one zero zero zero four two", "yes", "two four six eight one three")
	c.Say(t, "one zero zero zero four two") // into the prompt
	c.AwaitHeard(t, 2, 2*askedWithin)
	c.Say(t, "yes")
	c.AwaitHeard(t, 3, 2*askedWithin)
	c.Say(t, "two four six eight one three")
	c.AwaitAt(t, "default", "menu", saidWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), r.result())
	assert.NotZero(t, r.Ran("break", "all"), "a prompt was broken off")
	for _, gone := range []string{"playback_terminators", "playback_terminator_used", "cs_digits", "sensitive_dtmf"} {
		assert.NotContains(t, r.Variables, gone)
	}
	said := s.ear.utterances()[before:]
	require.Len(t, said, 3)
	for _, u := range said {
		assert.Greater(t, len(u.sound), 32000, "a second at least, at 16 kHz")
		assert.True(t, strings.HasPrefix(u.contentType, "audio/L16; rate=16000;"), u.contentType)
	}
	assert.Equal(t, "expect=digits&grammar=countersign-digits-6-en&language=en&max=6&min=6", said[0].query)
	assert.Equal(t, "expect=confirm&grammar=countersign-confirm-en&language=en", said[1].query)
}

func (s *recogniserSite) inDoubt(t *testing.T) {
	c := s.dials(t, 2)
	c.AwaitHeard(t, 1, askedWithin)
	s.ear.answers("one zero zero zero four|one zero zero zero four two", "yes")
	c.Say(t, "one zero zero zero four two")
	c.AwaitHeard(t, 2, 2*askedWithin)
	c.Say(t, "yes")
	c.AwaitHeard(t, 3, 2*askedWithin)
	c.Press("246813")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
}

// onATelephone is a call with PCMU. The telephone's voice is a tone.
func (s *recogniserSite) onATelephone(t *testing.T) {
	c := callWithSIPp(t, s.freeSWITCH, dial{To: "5601", From: numberOf(790, 7)})
	before := len(s.ear.utterances())
	hums := func(words string) {
		s.ear.answers(words)
		for until := time.Now().Add(saidWithin); time.Now().Before(until); { // a steady tone is taken for noise
			c.phone.sing(300)
			asked := s.ear.isAsked(400 * time.Millisecond)
			c.phone.sing()
			if asked || s.ear.isAsked(200*time.Millisecond) {
				return
			}
		}
		require.Fail(t, "the recogniser was not asked")
	}
	c.AwaitHeard(t, 1, askedWithin)
	hums("one zero zero zero four two")
	c.AwaitHeard(t, 2, 2*askedWithin)
	hums("yes")
	c.AwaitHeard(t, 3, 2*askedWithin)
	hums("two four six eight one three")
	c.AwaitAt(t, "default", "menu", saidWithin)
	r := c.Record(t)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), r.result())
	assert.Zero(t, r.Ran("break", "all"), "prompts were played to their ends")
	said := s.ear.utterances()[before:]
	require.Len(t, said, 3)
	for _, u := range said {
		assert.True(t, strings.HasPrefix(u.contentType, "audio/L16; rate=8000;"), u.contentType)
		assert.True(t, hasTone(u.sound, 300), "what was said is heard")
	}
}

// hasTone says whether a tone is anywhere in a sound at 8 kHz.
func hasTone(sound []byte, hz float64) bool {
	var samples []int16
	for i := 0; i+1 < len(sound); i += 2 {
		samples = append(samples, int16(uint16(sound[i])|uint16(sound[i+1])<<8))
	}
	const piece = 800
	for ; len(samples) >= piece; samples = samples[piece/2:] {
		if has(samples[:piece], hz) {
			return true
		}
	}
	return false
}

func (s *recogniserSite) byKeys(t *testing.T) {
	c := s.dials(t, 3)
	before := len(s.ear.utterances())
	c.AwaitHeard(t, 1, askedWithin)
	c.Press("100042#")
	c.AwaitHeard(t, 2, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
	assert.Len(t, s.ear.utterances(), before, "the recogniser was asked nothing")
}

func (s *recogniserSite) byBoth(t *testing.T) {
	c := s.dials(t, 4)
	c.AwaitHeard(t, 1, askedWithin)
	c.Say(t, "one zero zero zero four two one zero zero zero four two")
	s.ear.awaitAsked(t, saidWithin)
	c.Press("100042#")
	c.AwaitHeard(t, 2, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
}

func (s *recogniserSite) hungUp(t *testing.T) {
	c := s.dials(t, 5)
	c.AwaitHeard(t, 1, askedWithin)
	c.Say(t, "one zero zero zero four two one zero zero zero four two")
	s.ear.awaitAsked(t, saidWithin)
	c.Record(t)
}

func (s *recogniserSite) hangs(t *testing.T) {
	s.ear.hangs.Store(true)
	defer s.ear.hangs.Store(false)
	c := s.dials(t, 6)
	c.AwaitHeard(t, 1, askedWithin)
	c.Say(t, "one zero zero zero four two")
	asked := c.fs.calls.await(t, c.ID, "asked to key", 2*askedWithin, func(s sighting) bool {
		return s.Application == "play_and_get_digits"
	})
	all := s.ear.utterances()
	waited := asked.At.Sub(all[len(all)-1].ended)
	t.Logf("asked to key %s after the caller had ended", waited.Round(time.Millisecond))
	assert.Less(t, waited, time.Second+atOnce)
	c.Press("100042#")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
	assert.Len(t, s.ear.utterances(), len(all), "a recogniser that failed is not asked again in the call")
}

// TestCallersWhoAreHeardAreNotLostWithTheService does to the service what happens to services, while FreeSWITCH records
// for it: nothing of that may keep the caller.
func TestCallersWhoAreHeardAreNotLostWithTheService(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	s := startRecogniserSite(t)
	begins := func(t *testing.T, n int) (*service, *call) {
		doomed := startService(t, heardBy(t, s.ear.URL, everybody()))
		c := callWithSIPp(t, s.freeSWITCH, dial{To: doomed.Number(switchedOff), From: numberOf(791, n), Wide: true})
		c.AwaitHeard(t, 1, askedWithin)
		return doomed, c
	}
	inParallel(t,
		scenario{"killed while the caller is asked", func(t *testing.T) {
			doomed, c := begins(t, 1)
			doomed.Kill(t)
			c.AwaitAt(t, "default", "agents", atOnce)
			isUnavailableOnce(t, c.Record(t))
		}},
		scenario{"killed while the caller speaks", func(t *testing.T) {
			doomed, c := begins(t, 2)
			c.Say(t, "one zero zero zero four two one zero zero zero four two")
			s.ear.awaitAsked(t, saidWithin)
			doomed.Kill(t)
			c.AwaitAt(t, "default", "agents", atOnce)
			isUnavailableOnce(t, c.Record(t))
		}},
		scenario{"stopped while the caller is asked and continued later", func(t *testing.T) {
			hung, c := begins(t, 3)
			hung.Signal(t, syscall.SIGSTOP)
			c.AwaitAt(t, "default", "agents", heardWithin+longestHeard+atOnce)
			hung.Signal(t, syscall.SIGCONT) // it now finds a call that is not its own any more
			c.AwaitSound(t, heardWithin)
			r := c.Record(t)
			isUnavailableOnce(t, r)
			assert.Zero(t, r.Ran("break", "all"), "an agent's conversation is left alone")
		}},
		scenario{"stopped while the caller hangs up", func(t *testing.T) {
			hung, c := begins(t, 4)
			hung.Signal(t, syscall.SIGSTOP)
			c.Record(t) // the record is written when FreeSWITCH has ended the call
			hung.Signal(t, syscall.SIGCONT)
		}},
	)
}

// longestHeard is the longest time that the dead-man switch allows for a question that is heard.
const longestHeard = 40 * time.Second
