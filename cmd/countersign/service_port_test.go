package main

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A FreeSWITCH with two hosts tries the second one if the first refuses. A connection that is closed has reached it.
func TestAServiceThatStartsRefusesConnectionsUntilItIsReady(t *testing.T) {
	t.Parallel()
	dial := func(address string) error {
		conn, err := net.DialTimeout("tcp", address, patience)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
		}
		return err
	}
	for range 3 {
		chosen, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := chosen.Addr().String()
		require.NoError(t, chosen.Close())
		l, err := listen("socket.listen", address, "set another address")
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		open := hold(l.(*net.TCPListener), address)
		require.ErrorIs(t, dial(address), syscall.ECONNREFUSED)
		require.NoError(t, open())
		require.NoError(t, open())
		require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
		require.NoError(t, dial(address))
		conn, err := l.Accept()
		require.NoError(t, err)
		assert.NoError(t, conn.Close())
	}
}
