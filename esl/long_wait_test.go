package esl

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// silentPeer takes what is written and never answers.
type silentPeer struct{ net.Conn }

func (silentPeer) Write(b []byte) (int, error)      { return len(b), nil }
func (silentPeer) SetWriteDeadline(time.Time) error { return nil }
func (silentPeer) Close() error                     { return nil }

// A dialplan that names no destination for a hang has no dead-man switch of ours to arm anew: nothing is sent, and no
// reply is waited for.
func TestALongSilenceOnATrunkThatDoublesKeysDoesNotEndACallWithoutDeadMan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancelCause(t.Context())
		c := newConn(silentPeer{}, Options{Reply: time.Second}.withDefaults(), end)
		defer c.close()
		ch := &channel{c: c}
		got, err := ch.collectByKey(ctx, session.Collect{Min: 4, Max: 6, FirstDigit: 3 * rearmAfter})
		require.NoError(t, err)
		assert.Equal(t, session.Entry{}, got)
		assert.NoError(t, context.Cause(ctx))
	})
}
