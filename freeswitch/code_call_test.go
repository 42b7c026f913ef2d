package freeswitch_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// codeLine verifies by a code of eight digits, which by chance are nowhere in a log.
const codeLine = `format: 1
line: default
numbers: ["*"]
identify:
  - ani: {}
verify:
  questions:
    - sms_code: {ways: [call, sms], digits: 8}
routes:
  verified: menu XML default
  identified: agents XML default
`

// otherTelephones leads a call to +1555888xxxx to the telephone whose port was set for it.
var otherTelephones = map[string]string{"public/92_other_telephones.xml": `
<extension name="other telephones"><condition field="destination_number" expression="^1555(888\d+)$">
<action application="set" data="hangup_after_bridge=true"/>
<action application="bridge" data="sofia/harness/agent@127.0.0.1:${telephone_$1}"/>
</condition></extension>`}

// codeSite is a site whose codes are spoken by calls to its own other telephones. Digits are tones, so that the test
// can tell them.
type codeSite struct {
	*site
	catcher *catcher
}

// digitTone is the frequency of a digit, in Hz.
func digitTone(d int) float64 { return 600 + 100*float64(d) }

// startCodeSite has one customer, K-1, with two telephones.
func startCodeSite(t *testing.T, calling, other string) *codeSite {
	t.Helper()
	findFreeSWITCH(t)
	needSIPp(t)
	files := maps.Clone(extraDialplan)
	maps.Copy(files, otherTelephones)
	f := startFreeSWITCH(t, options{Files: files})
	own := t.TempDir()
	for d := range 10 {
		require.NoError(t, os.MkdirAll(filepath.Join(own, "en"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(own, "en", fmt.Sprintf("digit-%d.wav", d)), toneWAV(digitTone(d),
			300*time.Millisecond), 0o644))
	}
	caught := startCatcher(t)
	s := &codeSite{catcher: caught, site: &site{freeSWITCH: f}}
	ada := customer{ID: "K-1", Name: "Ada Lovelace", Phones: calling + ";" + other}
	s.Service = startService(t, serviceOptions{
		Customers: []customer{ada}, Line: codeLine, FreeSWITCH: f, Recordings: own,
		Settings: caught.Settings +
			fmt.Sprintf("code_calls: {dial: \"sofia/harness/{digits}@%s\", caller: \"+15550000001\"}\n", f.SIP),
	})
	f.Set(t, "countersign_socket", s.Service.Address())
	s.Events = subscribe(t, s.Service)
	return s
}

// toneWAV is a tone, 8 kHz, 16 bits, mono.
func toneWAV(hz float64, length time.Duration) []byte { return toneWAVAt(8000, hz, length) }

func toneWAVAt(rate uint32, hz float64, length time.Duration) []byte {
	n := int(length * time.Duration(rate) / time.Second)
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(36+2*n))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*n))
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))))
	}
	return b
}

// digitsHeard are the digits whose tones are in a recording.
func digitsHeard(recording []int16) string {
	const window = 800 // 100 ms
	var heard []byte
	last := byte(0)
	for at := 0; at+window <= len(recording); at += window / 2 {
		now := byte(0)
		for d := range 10 {
			if share(recording[at:at+window], digitTone(d)) > 0.8 {
				now = byte('0' + d)
			}
		}
		if now != 0 && now != last {
			heard = append(heard, now)
		}
		last = now
	}
	return string(heard)
}

// share is how much of the power of a sound is at a frequency.
func share(sound []int16, hz float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*hz/8000)
	var s1, s2, power float64
	for _, v := range sound {
		x := float64(v)
		s1, s2 = x+coefficient*s1-s2, s1
		power += x * x
	}
	n := float64(len(sound))
	if power < 200*200*n {
		return 0
	}
	return (s1*s1 + s2*s2 - coefficient*s1*s2) * 2 / n / power
}

// telephone has a customer's other telephone answer its next call.
func (s *codeSite) telephone(t *testing.T, number string) *agent {
	t.Helper()
	a := startAgent(t)
	s.Set(t, "telephone_"+strings.TrimPrefix(number, "+1555"), fmt.Sprint(a.Port))
	return a
}

// callForACode has the customer call, and the other telephone answer the call with the code.
func callForACode(t *testing.T, calling, other string) (s *codeSite, a *agent, c *call) {
	t.Helper()
	s = startCodeSite(t, calling, other)
	a = s.telephone(t, other)
	c = callWithSIPp(t, s.freeSWITCH, dial{From: calling})
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	_, id := a.answered()
	require.NotEmpty(t, id, "the other telephone rings")
	return s, a, c
}

func TestACallSpeaksTheCodeToAPerson(t *testing.T) {
	t.Parallel()
	s, a, c := callForACode(t, "+15551237001", "+15558880001")
	beforeKey := time.Now()
	require.Eventually(t, func() bool { r, _ := a.phone.heardSo(); return len(r) > 8000 }, time.Minute, poll)
	early, _ := a.phone.heardSo()
	assert.Empty(t, digitsHeard(early), "nothing is said before a key is pressed")
	t.Logf("asked for a key %s after the answer", time.Since(beforeKey))
	assert.Contains(t, s.API(t, "show tasks"), "switch_ivr_schedule_hangup", "FreeSWITCH ends it without us")
	a.phone.press("5")
	a.AwaitOver(t, time.Minute)
	recording, _ := a.phone.heardSo()
	heard := digitsHeard(recording)
	require.Len(t, heard, 16, "%s: eight digits, twice", heard)
	code := heard[:8]
	assert.Equal(t, code, heard[8:])

	assert.Empty(t, s.places(t, s.Service).find(code), "FreeSWITCH and the service wrote and said nothing of the code")
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(filepath.Join(s.Service.Data, "prompts", "once"))
		return err == nil && len(left) == 0
	}, time.Minute, poll, "the audio is removed")
	c.Press(code)
	c.AwaitAt(t, "default", "menu", saidWithin)
	r := c.Record(t)
	assert.Equal(t, result{Status: "verified", Level: "2", Reason: "ok", Methods: "ani,sms_code", Customer: "K-1"},
		r.result())
	story := s.Events.Journey(t, c).Story()
	assert.Subset(t, story, []string{"code_sent call sent 01", "code_sent call delivered 01"})
	assert.Contains(t, c.Played(), "code-called")
	assert.Empty(t, s.catcher.To(""), "no message")
	// What is keyed is found nowhere either; and the search would find the code where it is planted.
	all := s.places(t, s.Service)
	assert.Empty(t, all.find(code))
	all["planted"] = []byte("x " + code + " y")
	assert.Len(t, all.find(code), 1)
}

func TestAnAnsweringMachineHearsNoCode(t *testing.T) {
	t.Parallel()
	const calling = "+15551237002"
	s, a, c := callForACode(t, calling, "+15558880002")
	a.AwaitOver(t, 2*time.Minute)
	recording, _ := a.phone.heardSo()
	assert.Greater(t, len(recording), 8*8000, "it was asked for a key")
	assert.Empty(t, digitsHeard(recording))
	folder, err := os.ReadDir(filepath.Join(s.Service.Data, "prompts", "once"))
	if err == nil {
		assert.Empty(t, folder, "there was never a file")
	}
	c.AwaitAsked(t, "code-not-delivered", 1, askedWithin) // at once, and not after a minute of silence
	c.Press("0#")
	c.Press(s.catcher.Code(t, calling, 1))
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Record(t)
	j := s.Events.Journey(t, c)
	assert.Subset(t, j.Story(), []string{
		"code_sent call sent 02", "code_sent call not_delivered 02", "code_sent sms sent 02",
		"step_finished sms_code passed served accepted",
	})
}

func TestACallThatFailsAtOnceIsAnSMSAtOnce(t *testing.T) {
	t.Parallel()
	const calling, other = "+15551237004", "+15557770004" // which FreeSWITCH has no extension for
	s := startCodeSite(t, calling, other)
	c := callWithSIPp(t, s.freeSWITCH, dial{From: calling})
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	c.Press(s.catcher.Code(t, calling, 1))
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Record(t)
	assert.Subset(t, s.Events.Journey(t, c).Story(), []string{"code_sent call not_sent 04", "code_sent sms sent 04"})
	assert.NotContains(t, c.Played(), "code-called")
}

// The caller keys nothing and goes: the other telephone stops ringing.
func TestACallWithACodeEndsWithTheCallerWhoWantedIt(t *testing.T) {
	t.Parallel()
	_, a, c := callForACode(t, "+15551237003", "+15558880003")
	c.HangUp()
	a.AwaitOver(t, 10*time.Second)
}
