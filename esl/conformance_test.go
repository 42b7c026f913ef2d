package esl_test

import (
	"context"
	"testing"
	"time"

	"countersign/esl"
	"countersign/freeswitch/sim"
	"countersign/session"
	"countersign/session/sessiontest"

	"github.com/stretchr/testify/require"
)

// The channel on the wire is held to the same contract as the one in memory, with the simulated FreeSWITCH at the other
// end.
func TestTheChannelOnTheWireConforms(t *testing.T) {
	t.Parallel()
	conform(t, func(*testing.T) esl.Options { return esl.Options{} })
}

// conform holds the channels of a server with these options to the contract.
func conform(t *testing.T, options func(*testing.T) esl.Options) {
	sessiontest.Conform(t, func(
		t *testing.T, moves ...sessiontest.Move,
	) (context.Context, session.Channel, sessiontest.HandedOn) {
		type call struct {
			ctx context.Context
			ch  session.Channel
		}
		arrived, over := make(chan call, 1), make(chan struct{})
		_, addr := serve(t, options(t), func(ctx context.Context, _ session.Call, ch session.Channel) {
			arrived <- call{ctx, ch}
			<-over
		})
		phone, err := sim.New(sim.Options{Address: addr, Engines: []string{"pocketsphinx"}})
		require.NoError(t, err)
		placing, hangUp := context.WithTimeout(context.Background(), patience)
		result := make(chan sim.Result, 1)
		go func() {
			r, err := phone.Call(placing, sim.CallOptions{From: "+15551230001", To: "5000", Caller: person(moves)})
			if err != nil && placing.Err() == nil {
				t.Error(err)
			}
			result <- r
		}()
		c := <-arrived
		ended := false
		end := func() sim.Result {
			ended = true
			close(over)
			return <-result
		}
		t.Cleanup(func() {
			hangUp()
			if !ended {
				end()
			}
		})
		return c.ctx, c.ch, func() (string, map[string]string) {
			r := end()
			return r.Destination, r.Variables
		}
	})
}

// person makes one move each time that something is asked.
func person(moves []sessiontest.Move) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if !p.Digits && !p.Speech || len(moves) == 0 {
			return nil
		}
		m := moves[0]
		moves = moves[1:]
		// a little less than a prompt waits for the next key; FreeSWITCH drops a key each 20 ms between two applications
		pace := sim.Pace{Between: 900 * time.Millisecond}
		if m.Burst {
			pace = sim.Pace{}
		}
		acts := pace.Type(p, m.Keys)
		if m.Says != "" {
			acts = append(acts, sim.Act{Says: m.Says, Confidence: m.Confidence})
		}
		if m.Hangup {
			acts = append(acts, sim.Act{HangUp: true})
		}
		return acts
	})
}
