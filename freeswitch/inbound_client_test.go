package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/freeswitch"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func client(t testing.TB, s freeswitch.Server) *freeswitch.Inbound {
	c := freeswitch.NewInbound(s)
	t.Cleanup(c.Close)
	return c
}

func TestManyGoroutinesShareAConnectionAndEachGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	s := startEventSocket(t, echo)
	c := client(t, s.Server)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			command := fmt.Sprintf("uuid_getvar %d", i)
			got, err := c.API(t.Context(), command)
			assert.NoError(t, err)
			assert.Equal(t, command, got)
		})
	}
	all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.Len(t, s.conns, 1)
}

func TestAConnectionThatWasLostIsOpenedAgain(t *testing.T) {
	t.Parallel()
	s := startEventSocket(t, echo)
	c := client(t, s.Server)
	for range 3 {
		got, err := c.API(t.Context(), "status")
		require.NoError(t, err)
		assert.Equal(t, "status", got)
		s.cut()
		// The next command may be sent before the end is known: then it fails, and is not sent again.
		works := func() bool { _, err := c.API(t.Context(), "status"); return err == nil }
		require.Eventually(t, works, time.Minute, time.Millisecond)
	}
}

func TestACommandIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ran := 0
	s := startEventSocket(t, func(n int, command string) string {
		if strings.HasPrefix(command, "api ") {
			mu.Lock()
			defer mu.Unlock()
			ran++
			return "" // it did that, and was gone before it said so
		}
		return loggedIn
	})
	_, err := client(t, s.Server).API(t.Context(), "uuid_transfer x")
	require.ErrorIs(t, err, session.ErrSwitchUnavailable)
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, 1, ran)
}

func TestALateAnswerIsNotTakenForTheNextOne(t *testing.T) {
	t.Parallel()
	slow := make(chan struct{})
	s := startEventSocket(t, func(n int, command string) string {
		if command == "api slow" {
			<-slow
		}
		return echo(n, command)
	})
	c := client(t, s.Server)
	_, err := c.API(t.Context(), "first") // logs in
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.API(ctx, "slow")
	require.ErrorIs(t, err, session.ErrSwitchUnavailable)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	close(slow)
	got, err := c.API(t.Context(), "next")
	require.NoError(t, err)
	assert.Equal(t, "next", got)
}

func TestWhatFreeSWITCHRefusesIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]string{
		"no such channel":  said("-ERR No such channel!\n"),
		"a usage":          said("-USAGE: <uuid>\n"),
		"no such command":  said("-ERR nosuch Command not found!\n"),
		"not permitted":    "Content-Type: command/reply\nReply-Text: -ERR permission denied\n\n",
		"with a long text": said("-ERR " + strings.Repeat("x", 10000)),
	} {
		s := startEventSocket(t, func(_ int, command string) string {
			if strings.HasPrefix(command, "auth ") {
				return loggedIn
			}
			return frame
		})
		_, err := client(t, s.Server).API(t.Context(), "nosuch secret-argument")
		var refused *freeswitch.RefusedError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, "nosuch", refused.Command)
		assert.NotContains(t, err.Error(), "secret-argument")
		assert.Less(t, len(err.Error()), 200)
	}
}

func TestAPeerThatIsNotFreeSWITCHIsRefusedAtOnceAndCostsNothing(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]string{
		"a length below nothing":    "Content-Type: api/response\nContent-Length: -1\n\n",
		"a length without end":      "Content-Type: api/response\nContent-Length: 99999999999999999999\n\n",
		"two gigabytes":             "Content-Type: api/response\nContent-Length: 2147483647\n\n",
		"a line without end":        "Content-Type: " + strings.Repeat("x", 1<<20) + "\n\n",
		"lines without end":         strings.Repeat("X: y\n", 1000) + "\n",
		"the wrong password":        "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n",
		"a rejection":               "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n",
		"another protocol":          "220 mail.example ESMTP\n\n",
		"the end in mid-frame":      "Content-Type: api/resp",
		"the end of the connection": "",
	} {
		s := startEventSocket(t, func(int, string) string { return frame })
		_, err := client(t, s.Server).API(t.Context(), "status")
		require.ErrorIs(t, err, session.ErrSwitchUnavailable, name)
		assert.NotContains(t, err.Error(), inboundPassword)
		assert.Less(t, len(err.Error()), 300, name)
	}
}

func TestTheGreetingOfSomethingElseIsNotAnsweredWithThePassword(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	heard := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			heard <- err.Error()
			return
		}
		defer c.Close()
		_, _ = c.Write([]byte("Content-Type: text/rude-rejection\nContent-Length: 4\n\nno!\n"))
		b := make([]byte, 100)
		n, _ := c.Read(b)
		heard <- string(b[:n])
	}()
	_, err = client(t, freeswitch.Server{Address: l.Addr().String(),
		Password: session.NewSecret([]byte(inboundPassword))}).API(t.Context(), "status")
	require.ErrorIs(t, err, session.ErrSwitchUnavailable)
	assert.Empty(t, <-heard)
}

func TestWhatIsNoCommandIsNotSent(t *testing.T) {
	t.Parallel()
	s := startEventSocket(t, echo)
	c := client(t, s.Server)
	for _, command := range []string{"", " status", "status\n\napi hupall", "status\r", "a\x00b"} {
		_, err := c.API(t.Context(), command)
		require.Error(t, err, "%q", command)
		assert.NotErrorIs(t, err, session.ErrSwitchUnavailable)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.Empty(t, s.conns)
}

func TestCloseEndsWhatIsRunningAndLeavesNothing(t *testing.T) {
	// Not parallel: goleak looks at the whole process.
	before := goleak.IgnoreCurrent()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := freeswitch.NewInbound(freeswitch.Server{Address: l.Addr().String(),
		Password: session.NewSecret([]byte(inboundPassword))})
	results := make(chan error, 3)
	for range cap(results) {
		go func() { _, err := c.API(context.Background(), "status"); results <- err }()
	}
	peer, err := l.Accept() // and says nothing
	require.NoError(t, err)
	c.Close()
	c.Close()
	for range cap(results) {
		select {
		case err := <-results:
			assert.ErrorIs(t, err, session.ErrSwitchUnavailable)
			assert.NotErrorIs(t, err, context.DeadlineExceeded, "a command goes on after Close")
		case <-time.After(time.Minute):
			require.Fail(t, "a command goes on after Close")
		}
	}
	_, err = c.API(context.Background(), "status")
	assert.ErrorIs(t, err, session.ErrSwitchUnavailable)
	peer.Close()
	l.Close()
	goleak.VerifyNone(t, before)
}

func TestTheClientOnARealFreeSWITCH(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{})
	c := client(t, f.server())
	got, err := c.API(t.Context(), "global_setvar countersign_test=yes")
	require.NoError(t, err)
	assert.Equal(t, "+OK", got)
	got, err = c.API(t.Context(), "global_getvar countersign_test")
	require.NoError(t, err)
	assert.Equal(t, "yes", got)
	_, err = c.API(t.Context(), "uuid_getvar "+randomUUID()+" x")
	var refused *freeswitch.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, refused.Text, "No such channel")

	wrong := f.server()
	wrong.Password = session.NewSecret([]byte(inboundPassword))
	_, err = client(t, wrong).API(t.Context(), "status")
	require.ErrorIs(t, err, session.ErrSwitchUnavailable)
	assert.ErrorContains(t, err, "password")
	assert.False(t, errors.As(err, &refused), "a refused password is not a refused command")
}
