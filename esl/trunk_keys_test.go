package esl_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	withEvents    = "v=0\r\nm=audio 6000 RTP/AVP 0 101\r\na=rtpmap:101 Telephone-Event/8000\r\n"
	withoutEvents = "v=0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)

// TestTonesAreLookedForWhereNothingElseCanCome looks at the commands: a call with telephone-event has none more.
func TestTonesAreLookedForWhereNothingElseCanCome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, offer string
		keys        func(string) esl.Keys
		looks       bool
	}{
		{name: "telephone-event is offered", offer: withEvents},
		{name: "nothing but sound is offered", offer: withoutEvents, looks: true},
		{name: "nothing is offered yet", offer: ""},
		{name: "always", offer: withEvents, keys: keysAre(esl.Keys{InBand: esl.InBandAlways}), looks: true},
		{name: "never", offer: withoutEvents, keys: keysAre(esl.Keys{InBand: esl.InBandNever})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
				return ch.Transfer(ctx, session.Handover{To: session.Destination{
					Extension: "agents", Dialplan: "XML", Context: "default"}})
			})
			_, addr := serve(t, esl.Options{Keys: c.keys}, h)
			p := esltest.Dial(t, addr)
			p.Open("variable_switch_r_sdp", c.offer)
			if c.looks {
				p.Do("start_dtmf")
			}
			p.Do("sched_cancel")
			p.Do("multiset")
			if c.looks {
				p.Do("stop_dtmf")
			}
			p.Do("transfer")
			require.NoError(t, o.wait())
		})
	}
}

func keysAre(k esl.Keys) func(string) esl.Keys { return func(string) esl.Keys { return k } }

func TestATrunkIsNamedAsFreeSWITCHNamesIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ gateway, profile, address, want string }{
		{"carrier-a", "external", "192.0.2.7", "carrier-a"},
		{"", "external", "192.0.2.7", "external/192.0.2.7"},
		{"", "", "192.0.2.7", ""},
		{"", "ext ernal", "192.0.2.7", ""},
	} {
		named := make(chan string, 1)
		o, h := handle(t, func(context.Context, session.Channel) error { return nil })
		_, addr := serve(t, esl.Options{Keys: func(trunk string) esl.Keys {
			named <- trunk
			return esl.DefaultKeys()
		}}, h)
		p := esltest.Dial(t, addr)
		p.Open("variable_sip_gateway", c.gateway, "variable_sofia_profile_name", c.profile, "variable_sip_network_ip",
			c.address)
		require.NoError(t, o.wait())
		assert.Equal(t, c.want, <-named)
		assert.Equal(t, c.want, o.call.Trunk)
	}
}

// TestAKeyThatComesTwiceWithinTheTimeCountsOnce has keys come to the holder at times of FreeSWITCH's clock.
func TestAKeyThatComesTwiceWithinTheTimeCountsOnce(t *testing.T) {
	t.Parallel()
	type at struct {
		key string
		ms  int
	}
	for _, c := range []struct {
		name   string
		double time.Duration
		keys   []at
		want   string
	}{
		{"as they come, by default", 0, []at{{"1", 0}, {"1", 20}, {"1", 40}}, "111"},
		{"doubled", 60 * time.Millisecond, []at{{"1", 0}, {"1", 20}, {"2", 200}, {"2", 259}}, "12"},
		{"pressed twice", 60 * time.Millisecond, []at{{"1", 0}, {"1", 60}, {"1", 120}}, "111"},
		{"three times at once", 60 * time.Millisecond, []at{{"1", 0}, {"1", 20}, {"1", 40}}, "1"},
		{"a burst no longer than the first allows", 60 * time.Millisecond, []at{{"1", 0}, {"1", 40}, {"1", 80}}, "11"},
		{"another key between them", 60 * time.Millisecond, []at{{"1", 0}, {"2", 20}, {"1", 40}, {"2", 60}}, "12"},
		{"longer than anybody takes", time.Second, []at{{"1", 0}, {"1", 100}, {"1", 160}}, "11"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got session.Entry
			ask := pin()
			ask.Min, ask.Max, ask.InterDigit = 1, 9, time.Second
			o, h := handle(t, filled(&got, ask))
			_, addr := serve(t, esl.Options{Keys: keysAre(esl.Keys{Double: c.double})}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			began := time.Now()
			for _, k := range c.keys {
				time := strconv.FormatInt(began.Add(time.Duration(k.ms)*time.Millisecond).UnixMicro(), 10)
				p.Send(esltest.Completion(esltest.Command{App: "read"}, "variable_cs_key", k.key, "Event-Date-Timestamp", time))
			}
			fill(p, "")
			require.NoError(t, o.wait())
			assert.Equal(t, session.Input, got.Class)
			assert.Equal(t, c.want, string(got.Digits.Reveal()))
		})
	}
}

// TestTheKeyThatEndsThePromptIsOneOfThem: on a trunk that doubles keys each key comes alone.
func TestTheKeyThatEndsThePromptIsOneOfThem(t *testing.T) {
	t.Parallel()
	var got session.Entry
	o, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
		got, err = ch.Collect(ctx, pin())
		return err
	})
	_, addr := serve(t, esl.Options{Keys: keysAre(esl.Keys{Double: 60 * time.Millisecond})}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	fill(p, "2")
	p.Press("468#")
	require.NoError(t, o.wait())
	assert.Equal(t, "2468", string(got.Digits.Reveal()))
	assert.True(t, got.Terminated)
}

func TestNobodyAnswersATrunkThatDoublesKeys(t *testing.T) {
	t.Parallel()
	got := session.Entry{Class: session.Input}
	ask := pin()
	ask.FirstDigit = time.Second
	o, h := handle(t, func(ctx context.Context, ch session.Channel) (err error) {
		got, err = ch.Collect(ctx, ask)
		return err
	})
	_, addr := serve(t, esl.Options{Keys: keysAre(esl.Keys{Double: 60 * time.Millisecond})}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	fill(p, "")
	require.NoError(t, o.wait())
	assert.Equal(t, session.Entry{}, got)
}
