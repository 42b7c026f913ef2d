package freeswitch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch"
	"countersign/session"
)

func TestWhatIsWrongWithTheSettingsOfCodeCalls(t *testing.T) {
	t.Parallel()
	good := freeswitch.CodeCallSettings{Dial: "sofia/gateway/trunk/{digits}"}
	for says, change := range map[string]func(*freeswitch.CodeCallSettings){
		"it must have {number}": func(s *freeswitch.CodeCallSettings) { s.Dial = "sofia/gateway/trunk/1" },
		"without blanks":        func(s *freeswitch.CodeCallSettings) { s.Dial = "sofia/x/{digits} &system(rm)" },
		"commas":                func(s *freeswitch.CodeCallSettings) { s.Dial = "{a=b}sofia/x/{digits}" },
		"caller is":             func(s *freeswitch.CodeCallSettings) { s.Caller = "x,sip_h_a=b" },
		"ring is 5s":            func(s *freeswitch.CodeCallSettings) { s.Ring = 5 * time.Second },
		`countries: "Germany"`:  func(s *freeswitch.CodeCallSettings) { s.Countries = []string{"Germany"} },
	} {
		s := good
		change(&s)
		_, err := freeswitch.NewCodeCalls(freeswitch.CodeCallOptions{CodeCallSettings: s, Servers: []freeswitch.Server{{}}})
		assert.ErrorContains(t, err, says)
	}
	_, err := freeswitch.NewCodeCalls(freeswitch.CodeCallOptions{CodeCallSettings: good})
	assert.ErrorContains(t, err, "under freeswitch")
	assert.Empty(t, freeswitch.CodeCallSettings{}.Check(), "none is configured")
}

func TestWithoutAFreeSWITCHThereIsNoCall(t *testing.T) {
	t.Parallel()
	c, err := freeswitch.NewCodeCalls(freeswitch.CodeCallOptions{
		CodeCallSettings: freeswitch.CodeCallSettings{Dial: "sofia/x/{digits}"},
		Servers:          []freeswitch.Server{{Address: "127.0.0.1:1"}, {Address: "127.0.0.1:1"}},
	})
	require.NoError(t, err)
	defer c.Close()
	m := session.Message{To: "+15551230001", Code: session.NewSecret([]byte("805127"))}
	err = c.Send(t.Context(), m)
	require.ErrorIs(t, err, session.ErrSwitchUnavailable)
	for _, secret := range []string{"805127", "5551230001"} {
		assert.NotContains(t, err.Error(), secret)
	}
	m.To = "15551230001 &system(x)"
	require.ErrorContains(t, c.Send(t.Context(), m), "not a telephone number")
}
