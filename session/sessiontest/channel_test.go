package sessiontest_test

import (
	"context"
	"testing"

	"countersign/session"
	"countersign/session/sessiontest"
)

func TestTheChannelInMemoryConforms(t *testing.T) {
	t.Parallel()
	sessiontest.Conform(t, func(
		_ *testing.T, moves ...sessiontest.Move,
	) (context.Context, session.Channel, sessiontest.HandedOn) {
		ch := &sessiontest.Channel{Moves: moves}
		return ch.Start(context.Background()), ch, func() (string, map[string]string) {
			h, _ := ch.Handover()
			variables := map[string]string{}
			for _, v := range h.Variables {
				variables[v.Name] = v.Value
			}
			return h.To.String(), variables
		}
	})
}
