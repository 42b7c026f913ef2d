package freeswitch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/esl"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a recorded call sounds like: each prompt is a tone of its own, and so is a secret that the caller says.
const (
	greets      = 440.0
	asksAccount = 520.0
	asksSecret  = 600.0
	thanks      = 1900.0
	atTheAgent  = 1000.0
	saysSecret  = 2500.0
)

// recordedDialplan records calls to recorded-NAME into NAME.wav, and says so in cs_recording; to unnamed-NAME it does
// not. Callers talk to a tone afterwards.
func recordedDialplan(folder string) map[string]string {
	extension := func(name, more string) string {
		return `<extension name="` + name + `"><condition field="destination_number" expression="^` + name + `-([a-z-]+)$">
<action application="answer"/>
<action application="set" data="recorded_to=` + folder + `/$1.wav"/>` + more + `
<action application="record_session" data="${recorded_to}"/>
<action application="transfer" data="5000 XML countersign"/>
</condition></extension>`
	}
	return map[string]string{"public/92_recorded.xml": extension("unnamed", "") +
		extension("recorded", `<action application="set" data="cs_recording=${recorded_to}"/>`) +
		extension("any", `<action application="set" data="cs_recording=all"/>`) + `
<extension name="desk-tone"><condition field="destination_number" expression="^desk-tone$">
<action application="playback" data="tone_stream://%(1500,0,1000)"/>
<action application="hangup"/>
</condition></extension>`}
}

// asksAndThanks is a service that greets, asks for an account and a secret, thanks, and hands the call on.
func asksAndThanks(ctx context.Context, _ session.Call, ch session.Channel) {
	tone := func(hz float64, lasts time.Duration) []string {
		return []string{fmt.Sprintf("tone_stream://%%(%d,0,%v)", lasts.Milliseconds(), hz)}
	}
	ask := session.Collect{Files: tone(asksAccount, time.Second), Min: 4, Max: 6, FirstDigit: 10 * time.Second,
		InterDigit: 5 * time.Second, OptOut: '*'}
	if ch.Play(ctx, tone(greets, time.Second)) != nil {
		return
	}
	if _, err := ch.Collect(ctx, ask); err != nil {
		return
	}
	ask.Files, ask.Secret = tone(asksSecret, time.Second), true
	if _, err := ch.Collect(ctx, ask); err != nil {
		return
	}
	if ch.Play(ctx, tone(thanks, time.Second)) != nil {
		return
	}
	_ = ch.Transfer(ctx, session.Handover{To: session.Destination{
		Extension: "desk-tone", Dialplan: "XML", Context: "public"}})
}

// TestARecordingHoldsEverythingButTheSecret listens to what FreeSWITCH has recorded: the tones of the prompts, of keys,
// and of a caller who says a secret aloud.
func TestARecordingHoldsEverythingButTheSecret(t *testing.T) {
	t.Parallel()
	findFreeSWITCH(t)
	folder := t.TempDir()
	f := startFreeSWITCH(t, options{Files: recordedDialplan(folder)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esl.NewServer(asksAndThanks, esl.Options{})
	go func() { _ = server.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), hangUpWithin)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	f.Set(t, "countersign_socket", l.Addr().String())
	applications := f.API(t, "show application") // as doctor looks
	assert.Contains(t, applications, "\nrecord_session_mask,")
	assert.Contains(t, applications, "\nrecord_session_unmask,")

	all := []float64{greets, asksAccount, asksSecret, thanks, atTheAgent, saysSecret}
	for name, c := range map[string]struct {
		to     string // of the dialplan above
		inBand bool   // keys are in the sound
		ahead  bool   // the secret is keyed right behind the account
		holds  []float64
		tones  bool // of keys
	}{
		"events":         {to: "recorded", holds: []float64{greets, asksAccount, thanks, atTheAgent}},
		"events-ahead":   {to: "recorded", ahead: true, holds: []float64{greets, asksAccount, thanks, atTheAgent}},
		"events-unnamed": {to: "unnamed", holds: all}, // FreeSWITCH renders no tones of keys that come as events
		"events-any":     {to: "any", holds: []float64{greets, asksAccount}},
		"sound":          {to: "recorded", inBand: true, holds: []float64{atTheAgent}},
		"sound-ahead":    {to: "recorded", inBand: true, ahead: true, holds: []float64{atTheAgent}},
		"sound-unnamed":  {to: "unnamed", inBand: true, holds: all, tones: true}, // the proof that tones would be found
		"sound-any":      {to: "any", inBand: true, holds: nil},
	} {
		inParallel(t, scenario{name, func(t *testing.T) {
			caller := callWithSIPp(t, f, dial{To: c.to + "-" + name, NoEvents: c.inBand})
			key := func(digits string) {
				if c.inBand {
					var plan keyPlan
					for i := range digits {
						plan = plan.sounded(digits[i], 12*i, 6)
					}
					caller.phone.follow(plan.until(len(plan) + 6))
					return
				}
				caller.Press(digits)
			}
			caller.Hears(t, asksAccount, answerWithin)
			if c.ahead {
				key("4711#0815#")
			} else {
				key("4711#")
				caller.Hears(t, asksSecret, heardWithin)
				caller.phone.sing(saysSecret)
				caller.Hears(t, asksSecret, heardWithin)
				caller.phone.follow(keyPlan{}.sung(15, saysSecret))
				caller.phone.sing()
				key("0815#")
			}
			caller.Hears(t, thanks, heardWithin)
			caller.AwaitOver(t, heardWithin)
			sound := wav(t, filepath.Join(folder, name+".wav"))
			holds := c.holds
			if c.ahead {
				assert.NotContains(t, found(sound, all), saysSecret)
			}
			assert.Equal(t, holds, found(sound, all))
			assert.Equal(t, c.tones, len(keyTones(sound)) > 0, "tones of keys at %v", keyTones(sound))
		}})
	}
}

// found are those of several tones that are in a sound, for 100 ms at least.
func found(sound []int16, all []float64) (there []float64) {
	window := int(listenTo / frame * frameSamples)
	for _, hz := range all {
		for from := 0; from+window <= len(sound); from += window / 2 {
			if has(sound[from:from+window], hz) {
				there = append(there, hz)
				break
			}
		}
	}
	return there
}

// wav reads a recording at 8 kHz, mono. FreeSWITCH may still be closing it.
func wav(t testing.TB, file string) (sound []int16) {
	t.Helper()
	var b []byte
	require.Eventually(t, func() bool {
		var err error
		b, err = os.ReadFile(file)
		return err == nil && len(b) > 44 && binary.LittleEndian.Uint32(b[4:]) == uint32(len(b)-8)
	}, heardWithin, poll, "%s is not closed", file)
	require.Equal(t, uint16(1), binary.LittleEndian.Uint16(b[22:]), "channels")
	require.Equal(t, uint32(8000), binary.LittleEndian.Uint32(b[24:]), "samples a second")
	_, data, ok := bytes.Cut(b, []byte("data"))
	require.True(t, ok)
	for i := 4; i+1 < len(data); i += 2 {
		sound = append(sound, int16(binary.LittleEndian.Uint16(data[i:])))
	}
	return sound
}

// TestARecordingStaysMaskedWhenCountersignCrashes: nobody says when the caller has keyed their secret to the end.
func TestARecordingStaysMaskedWhenCountersignCrashes(t *testing.T) {
	t.Parallel()
	findFreeSWITCH(t)
	folder := t.TempDir()
	f := startFreeSWITCH(t, options{Files: recordedDialplan(folder)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	f.Set(t, "countersign_socket", l.Addr().String())
	ctx, crash := context.WithCancel(context.Background())
	defer crash()
	over := make(chan struct{})
	server := esl.NewServer(asksAndThanks, esl.Options{})
	go func() { defer close(over); _ = server.Serve(ctx, l) }()
	caller := callWithSIPp(t, f, dial{To: "recorded-crash", NoEvents: true})
	caller.Hears(t, asksAccount, answerWithin)
	caller.phone.follow(keyPlan{}.sounded('4', 0, 6).sounded('7', 12, 6))
	crash()
	<-over
	caller.Hears(t, ringing, ringsWithin)
	caller.phone.follow(keyPlan{}.sounded('1', 0, 6).sounded('1', 12, 6))
	caller.HangUp()
	caller.AwaitOver(t, hangUpWithin)
	sound := wav(t, filepath.Join(folder, "crash.wav"))
	assert.Empty(t, found(sound, []float64{greets, asksAccount, ringing}), "keys are in the sound, so all of it is masked")
	assert.Empty(t, keyTones(sound))
}

// TestTheRecordingOfATalkHoldsNothingOfAStepUp records a caller who is verified, talks to an agent, is taken out, and
// is joined again, by the real service.
func TestTheRecordingOfATalkHoldsNothingOfAStepUp(t *testing.T) {
	t.Parallel()
	findFreeSWITCH(t)
	folder := t.TempDir()
	files := map[string]string{}
	for name, text := range deskDialplan {
		files[name] = strings.Replace(text, `<action application="transfer"`, `<action application="answer"/>
<action application="set" data="cs_recording=`+folder+`/talk.wav"/>
<action application="record_session" data="${cs_recording}"/>
<action application="transfer"`, 1)
	}
	d := &desk{stepUpSite: startStepUpSite(t, options{Files: files})}
	d.customers = []customer{{ID: "S-0", Name: "Ada Lovelace", Phones: "+15551231000", Account: "200040", PIN: "246813",
		TOTP: strings.Repeat("JBSWY3DPEHPK3PXP", 2)}}
	v := d.start(t)
	k, from := d.begins(t, v, 0, longEnough)
	k.KeyInBand(t)
	code := d.code(t)
	k.Caller.Press(code[:3])
	k.KeyInBand(t)
	k.Caller.Press(code[3:])
	d.ends(t, k, from, result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin,totp", Customer: "S-0"})
	sound := wav(t, filepath.Join(folder, "talk.wav"))
	assert.Empty(t, keyTones(sound))
	silent := longestSilence(sound)
	require.Greater(t, silent.lasts, 8000, "the secret")
	assert.Greater(t, loudest(sound[:silent.from]), int16(1000), "the talk before it")
	assert.NotEmpty(t, found(sound[silent.from+silent.lasts:], []float64{callerSings}), "the talk after it")
}

// silence is a part of a sound without any, in samples.
type silence struct{ from, lasts int }

func longestSilence(sound []int16) (longest silence) {
	from := 0
	for i := range sound {
		if sound[i] != 0 {
			from = i + 1
		} else if i+1-from > longest.lasts {
			longest = silence{from, i + 1 - from}
		}
	}
	return longest
}
