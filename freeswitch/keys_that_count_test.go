package freeswitch_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/esl"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyForm is a way in which keys may arrive, and what FreeSWITCH makes of them.
type keyForm struct {
	by, what string
	plan     keyPlan
	info     []infoKey
	// noEvents: the caller's SDP offers no telephone-event. inBand: FreeSWITCH looks for tones in the sound (start_dtmf).
	noEvents, inBand bool
	counts           string // what arrives
	or               string // what arrives at other times
}

const (
	byEvent = "RFC 4733"
	byInfo  = "SIP INFO, no telephone-event in the SDP"
	byBoth  = "SIP INFO, telephone-event in the SDP"
	bySound = "tones in PCMU"
	byStart = "tones in PCMU, `start_dtmf`"
	byLeak  = "RFC 4733 and tones, `start_dtmf`"
)

// keyForms is the table of docs/freeswitch.md#which-keys-count. Frames are 20 ms.
var keyForms = []keyForm{
	{by: byEvent, what: "7 for 20 ms", plan: keyPlan{}.pressed('7', 0, 1), counts: "7"},
	{by: byEvent, what: "7 for 40 ms", plan: keyPlan{}.pressed('7', 0, 2), counts: "7"},
	{by: byEvent, what: "7 for 100 ms", plan: keyPlan{}.pressed('7', 0, 5), counts: "7"},
	{by: byEvent, what: "7 for 2 s", plan: keyPlan{}.pressed('7', 0, 100), counts: "7"},
	{by: byEvent, what: "7 for 10 s", plan: keyPlan{}.pressed('7', 0, 500), counts: "7"},
	{by: byEvent, what: "7 and 7, 40 ms each, 40 ms between them",
		plan: keyPlan{}.pressed('7', 0, 2).pressed('7', 4, 2), counts: "77"},
	{by: byEvent, what: "7 and 7, 40 ms each, nothing between them",
		plan: keyPlan{}.pressed('7', 0, 2).pressed('7', 2, 2), counts: "77"},
	{by: byEvent, what: "the first two packets are lost", plan: keyPlan{}.pressed('7', 0, 5).losing(0, 1), counts: "7"},
	{by: byEvent, what: "nothing but one end packet arrives", plan: keyPlan{}.ended('7', 0, 5, 5, 1), counts: "7"},
	{by: byEvent, what: "two of the three end packets are lost",
		plan: keyPlan{}.held('7', 0, 0, 5).ended('7', 0, 5, 5, 1), counts: "7"},
	{by: byEvent, what: "all end packets are lost", plan: keyPlan{}.held('7', 0, 0, 5).until(50), counts: ""},
	{by: byEvent, what: "all end packets of 7 are lost, then 8",
		plan: keyPlan{}.held('7', 0, 0, 5).pressed('8', 20, 5), counts: "8"},
	{by: byEvent, what: "the end packets come 200 ms late",
		plan: keyPlan{}.held('7', 0, 0, 5).ended('7', 0, 15, 5, 3), counts: "7"},
	{by: byEvent, what: "an end packet overtakes the last update",
		plan: keyPlan{}.held('7', 0, 0, 4).ended('7', 0, 4, 5, 1).held('7', 0, 5, 1), counts: "7"},
	{by: byEvent, what: "the end is said ten times",
		plan: keyPlan{}.held('7', 0, 0, 5).ended('7', 0, 5, 5, 10), counts: "7"},
	{by: byEvent, what: "the end is said again 100 ms later",
		plan: keyPlan{}.pressed('7', 0, 5).ended('7', 0, 10, 5, 3), counts: "7"},
	{by: byEvent, what: "7 begins before 8 has ended",
		plan: keyPlan{}.held('8', 0, 0, 5).held('7', 4, 5, 2).ended('8', 0, 7, 5, 3).
			held('7', 4, 8, 2).ended('7', 4, 10, 6, 3), counts: "87"},
	{by: byEvent, what: "doubled: updates and ends again, same timestamp",
		plan: keyPlan{}.pressed('7', 0, 5).held('7', 0, 6, 2).ended('7', 0, 8, 8, 3), counts: "77"},
	{by: byEvent, what: "doubled: all of it again at once, another timestamp",
		plan: keyPlan{}.pressed('7', 0, 5).pressed('7', 6, 5), counts: "77"},
	{by: byEvent, what: "doubled: each end packet with a timestamp of its own",
		plan: keyPlan{}.held('7', 0, 0, 5).at(5, keyPacket{Key: '7', Frames: 5, End: true},
			keyPacket{Key: '7', Later: 160, Frames: 5, End: true}, keyPacket{Key: '7', Later: 320, Frames: 5, End: true}),
		counts: "777"},
	{by: byEvent, what: "overlapping: the end packets of 7 and 8 in turn, twice",
		plan: keyPlan{}.held('7', 0, 0, 3).held('8', 2, 3, 3).ended('7', 0, 6, 3, 1).ended('8', 2, 6, 4, 1).
			ended('7', 0, 6, 3, 1).ended('8', 2, 6, 4, 1), counts: "7878"},

	{by: byInfo, what: "`dtmf-relay`: 7, \\*, 7 for 2 s, 10, #", noEvents: true, info: []infoKey{
		relayed("7", 100*time.Millisecond), relayed("*", 40*time.Millisecond), relayed("7", 2*time.Second), relayed("10", 0),
		relayed("#", 100*time.Millisecond)}, counts: "7*7*#"},
	{by: byInfo, what: "`dtmf`: 7, 10, 11", noEvents: true, info: []infoKey{told("7"), told("10"), told("11")},
		counts: "7*#"},
	{by: byInfo, what: "`dtmf`: 7, \\*, #", noEvents: true, info: []infoKey{told("7"), told("*"), told("#")},
		counts: "700"},
	{by: byBoth, what: "`dtmf-relay`: 7", info: []infoKey{relayed("7", 100*time.Millisecond)}, counts: ""},
	{by: byBoth, what: "`dtmf`: 7", info: []infoKey{told("7")}, counts: ""},

	{by: bySound, what: "7 for 100 ms", plan: keyPlan{}.sounded('7', 0, 5), noEvents: true, counts: ""},
	{by: byStart, what: "7 for 40 ms", plan: keyPlan{}.sounded('7', 0, 2), noEvents: true, inBand: true, counts: "7"},
	{by: byStart, what: "7 for 100 ms", plan: keyPlan{}.sounded('7', 0, 5), noEvents: true, inBand: true, counts: "7"},
	{by: byStart, what: "7 for 2 s", plan: keyPlan{}.sounded('7', 0, 100), noEvents: true, inBand: true, counts: "7"},
	{by: byStart, what: "7 and 8, 100 ms each, 100 ms between them",
		plan: keyPlan{}.sounded('7', 0, 5).sounded('8', 10, 5), noEvents: true, inBand: true, counts: "78"},
	{by: byStart, what: "7 and 7, 100 ms each, 100 ms between them",
		plan: keyPlan{}.sounded('7', 0, 5).sounded('7', 10, 5), noEvents: true, inBand: true, counts: "77"},
	{by: byStart, what: "7 for 400 ms, of which 60 ms are lost",
		plan: keyPlan{}.sounded('7', 0, 8).until(11).sounded('7', 11, 9), noEvents: true, inBand: true, counts: "77"},
	{by: byLeak, what: "both for 100 ms", plan: keyPlan{}.pressed('7', 0, 5).sounded('7', 0, 5), inBand: true,
		counts: "77", or: "777"},
	{by: byLeak, what: "40 ms of tone leak in front of the event",
		plan: keyPlan{}.sounded('7', 0, 2).pressed('7', 2, 5), inBand: true, counts: "77"},
}

// triesOfTime is how often a row is tried for which the time between frames matters: a telephone of this busy machine
// may send one late, and FreeSWITCH then hears a gap in the tone.
const triesOfTime = 5

// TestWhichKeysCount sends keys in every form to a real FreeSWITCH and looks at what Countersign is told.
func TestWhichKeysCount(t *testing.T) {
	t.Parallel()
	k := startKeyForms(t)
	slots := make(chan struct{}, 8)
	for _, form := range keyForms {
		inParallel(t, scenario{form.by + ": " + form.what, func(t *testing.T) {
			slots <- struct{}{}
			defer func() { <-slots }()
			k.counted(t, "", form)
		}})
	}
}

// TestTheTableOfKeysIsTheOneThatIsTested compares docs/freeswitch.md with what TestWhichKeysCount proves.
func TestTheTableOfKeysIsTheOneThatIsTested(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	by := ""
	for _, form := range keyForms {
		first := form.by
		if first == by {
			first = ""
		}
		by = form.by
		counts := "nothing"
		if form.counts != "" {
			counts = "`" + form.counts + "`"
			if form.or != "" {
				counts += " or `" + form.or + "`"
			}
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", first, form.what, counts)
	}
	page, err := os.ReadFile("../docs/freeswitch.md")
	require.NoError(t, err)
	assert.Contains(t, string(page), "| how | what comes | what counts |\n|---|---|---|\n"+table.String())
}

// keyFormsSite is a service that asks for keys and says what came. Its ways are ports with settings of their own.
type keyFormsSite struct {
	fs   *freeSWITCH
	ways map[string]string // the number to dial

	mu     sync.Mutex
	next   int
	answer map[string]chan keyAnswer
}

type keyAnswer struct {
	keys string
	err  error
}

// startKeyForms has the way "", which looks for no tones by itself, and ways for more settings.
func startKeyForms(t *testing.T, more ...esl.Keys) *keyFormsSite {
	t.Helper()
	k := &keyFormsSite{answer: map[string]chan keyAnswer{}, ways: map[string]string{}}
	files := maps.Clone(extraDialplan)
	files["public/90_in_band.xml"] = `
<extension name="in-band"><condition field="destination_number" expression="^in-band$">
<action application="answer"/>
<action application="start_dtmf"/>
<action application="transfer" data="5000 XML countersign"/>
</condition></extension>`
	k.fs = startFreeSWITCH(t, options{Files: files})
	k.fs.Set(t, "countersign_socket", k.listen(t, esl.Keys{InBand: esl.InBandNever}))
	for _, keys := range more {
		_, port, err := net.SplitHostPort(k.listen(t, keys))
		require.NoError(t, err)
		k.ways[wayOf(keys)] = "via-" + port + "-60"
	}
	return k
}

func wayOf(keys esl.Keys) string {
	return fmt.Sprintf("in_band %s, double %s", keys.InBand, keys.Double)
}

func (k *keyFormsSite) listen(t *testing.T, keys esl.Keys) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esl.NewServer(k.ask, esl.Options{Keys: func(trunk string) esl.Keys {
		assert.Equal(t, "harness/127.0.0.1", trunk)
		return keys
	}})
	go func() { _ = server.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), hangUpWithin)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	return l.Addr().String()
}

// keyFormsRest is how long no key comes at the end of an entry.
const keyFormsRest = 2 * time.Second

// ask asks once for any number of keys.
func (k *keyFormsSite) ask(ctx context.Context, call session.Call, ch session.Channel) {
	e, err := ch.Collect(ctx, session.Collect{Files: []string{"tone_stream://%(100,0,440)"}, Min: 1, Max: 30,
		FirstDigit: 15 * time.Second, InterDigit: keyFormsRest})
	a := keyAnswer{keys: string(e.Digits.Reveal()), err: err}
	if e.Terminated {
		a.keys += "#"
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer[call.Caller] <- a
}

// keyed calls by a way and sends keys in a form.
func (k *keyFormsSite) keyed(t *testing.T, way string, form keyForm) string {
	t.Helper()
	k.mu.Lock()
	k.next++
	d := dial{To: k.ways[way], From: fmt.Sprintf("+1555900%04d", k.next), NoEvents: form.noEvents, Info: form.info}
	if form.inBand && way == "" {
		d.To = "in-band"
	}
	answer := make(chan keyAnswer, 1)
	k.answer[d.From] = answer
	k.mu.Unlock()
	c := callWithSIPp(t, k.fs, d)
	c.Hears(t, 440, answerWithin)
	c.phone.follow(form.plan)
	select {
	case a := <-answer:
		require.NoError(t, a.err)
		return a.keys
	case <-time.After(time.Minute):
		require.Fail(t, "no answer")
		return ""
	}
}

// counted calls until what was keyed counts as it should: where time matters, a few times.
func (k *keyFormsSite) counted(t *testing.T, way string, form keyForm) {
	t.Helper()
	tries := 1
	if form.inBand || way != "" {
		tries = triesOfTime
	}
	var came []string
	for range tries {
		came = append(came, k.keyed(t, way, form))
		if last := came[len(came)-1]; last == form.counts || form.or != "" && last == form.or {
			return
		}
	}
	assert.Equal(t, form.counts, came, way)
}
