package esl

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/require"
)

// closedByPeer is a connection that the peer has closed: nothing can be written, but its last frames are still there.
type closedByPeer struct {
	net.Conn
	last   io.Reader
	unread chan struct{} // closed when the reader may read
}

func (c *closedByPeer) Write([]byte) (int, error)        { return 0, errors.New("broken pipe") }
func (c *closedByPeer) SetReadDeadline(time.Time) error  { return nil }
func (c *closedByPeer) SetWriteDeadline(time.Time) error { return nil }
func (c *closedByPeer) Close() error                     { return nil }

func (c *closedByPeer) Read(b []byte) (int, error) {
	<-c.unread
	return c.last.Read(b)
}

// Whoever writes when the caller has just hung up must not be quicker than the reader with its explanation.
func TestACommandThatCannotBeWrittenDoesNotHideAHangUp(t *testing.T) {
	t.Parallel()
	const body = "Event-Name: CHANNEL_HANGUP\nHangup-Cause: NORMAL_CLEARING\n\n"
	for name, c := range map[string]struct {
		last   string
		hungUp bool
	}{
		"the event of the hang-up": {"Content-Length: 58\nContent-Type: text/event-plain\n\n" + body, true},
		"the notice":               {"Content-Type: text/disconnect-notice\nContent-Length: 0\n\n", true},
		"nothing":                  {"", false},
		"half a frame":             {"Content-Len", false},
		"a reply":                  {"Content-Type: command/reply\nReply-Text: +OK\n\n", false},
		"another event and the end": {"Content-Length: 28\nContent-Type: text/event-plain\n\n" +
			"Event-Name: CHANNEL_ANSWER\n\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, end := context.WithCancelCause(t.Context())
				nc := &closedByPeer{last: strings.NewReader(c.last), unread: make(chan struct{})}
				conn := newConn(nc, Options{}.withDefaults(), end)
				defer conn.close()
				conn.lastFrame.Store(time.Now().UnixNano())
				read := make(chan struct{})
				go func() { defer close(read); conn.fail(conn.readAll()) }()
				x, cmd, err := conn.start("playback", "/p/one-moment.wav", nil)
				require.NoError(t, err)
				go func() { synctest.Wait(); close(nc.unread) }() // when everybody else waits, the write has failed
				err = conn.wait(ctx, x, cmd)
				var hangup *session.HangupError
				if c.hungUp {
					require.ErrorAs(t, err, &hangup)
				} else {
					require.ErrorIs(t, err, session.ErrLineLost)
				}
				<-read
			})
		})
	}
}
