package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"countersign/esl"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAHangUpInTheMiddleOfASlowCheckIsAHangUp has callers hang up while nothing is played or asked. FreeSWITCH then
// sometimes closes the connection without the event of the hang-up.
func TestAHangUpInTheMiddleOfASlowCheckIsAHangUp(t *testing.T) {
	t.Parallel()
	const callers, atATime = 24, 6
	f := startFreeSWITCH(t, options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	checking, causes := make(chan string, callers), make(chan error, callers)
	server := esl.NewServer(func(ctx context.Context, call session.Call, ch session.Channel) {
		checking <- call.Caller
		<-ctx.Done()
		_ = ch.Fill(ctx, []string{"tone_stream://%(400,0,440)"})
		causes <- context.Cause(ctx)
	}, esl.Options{})
	go func() { _ = server.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), hangUpWithin)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	f.Set(t, "countersign_socket", l.Addr().String())
	for first := 0; first < callers; first += atATime {
		calls := map[string]*call{}
		for i := range atATime {
			number := fmt.Sprintf("+1555222%04d", first+i)
			calls[number] = callWithSIPp(t, f, dial{From: number})
		}
		for range atATime {
			select {
			case number := <-checking:
				calls[number].AwaitSound(t, heardWithin) // it is answered
				calls[number].HangUp()
			case <-time.After(answerWithin):
				require.Fail(t, "a call did not arrive")
			}
		}
		for range atATime {
			select {
			case cause := <-causes:
				var hangup *session.HangupError
				assert.True(t, errors.As(cause, &hangup), "%v", cause)
			case <-time.After(hangUpWithin):
				require.Fail(t, "a hang-up was not noticed")
			}
		}
	}
}
