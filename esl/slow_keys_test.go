package esl_test

import (
	"context"
	"testing"
	"time"

	"countersign/esl"
	"countersign/freeswitch/sim"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An engine is not waited for as long as a slow caller's first key: the rest of that time is for keys alone.
func TestASlowCallerMayKeyWhereTheyMaySpeak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first time.Duration
		want  session.Class
	}{
		"a key after seven seconds of twelve": {12 * time.Second, session.Input},
		"a key after seven seconds of six":    {6 * time.Second, session.NoInput},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make(chan session.Entry, 1)
			_, addr := serve(t, esl.Options{}, func(ctx context.Context, _ session.Call, ch session.Channel) {
				e, err := ch.Collect(ctx, session.Collect{
					Files: []string{"ask-account"}, Min: 4, Max: 4, FirstDigit: c.first, InterDigit: 9 * time.Second,
					Speech: &session.Speech{Engine: "pocketsphinx", Grammar: "digits", Length: 2 * time.Second},
				})
				assert.NoError(t, err)
				got <- e
			})
			phone, err := sim.New(sim.Options{Address: addr, Engines: []string{"pocketsphinx"}})
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			slow := sim.Pace{Listen: true, First: 7 * time.Second, Between: 6 * time.Second}
			_, err = phone.Call(ctx, sim.CallOptions{From: "+15551230001", To: "5000",
				Caller: sim.Script(slow, sim.Answer{Prompt: "ask-account", Keys: "1234"})})
			require.NoError(t, err)
			assert.Equal(t, c.want, (<-got).Class)
		})
	}
}
