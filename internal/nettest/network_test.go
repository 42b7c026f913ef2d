//go:build linux

package nettest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/nettest"
)

// patience bounds every wait.
const patience = 30 * time.Second

// TestMain lets this binary be a process on a machine: it listens, says so, and ends with its standard input.
func TestMain(m *testing.M) {
	if address := os.Getenv("LISTEN"); address != "" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Stdout.WriteString("listens\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = l.Close()
		return
	}
	os.Exit(m.Run())
}

func TestACableIsPulledAndPluggedIn(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	n := nettest.New(t)
	n.Set("net.ipv4.tcp_syn_retries", "1")
	office := n.Switch("office", "10.77.1")
	machine := n.Machine("one")
	address := net.JoinHostPort(machine.Plug(office, 1), "4000")
	dial := func(within time.Duration) error {
		conn, err := net.DialTimeout("tcp", address, within)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	require.ErrorIs(t, dial(patience), syscall.ECONNREFUSED, "nothing listens yet")

	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "LISTEN="+address)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	ended, err := machine.Start(cmd)
	require.NoError(t, err)
	said := make([]byte, 8)
	_, err = io.ReadFull(out, said)
	require.NoError(t, err)
	require.NoError(t, dial(patience))

	machine.Cut(office)
	err = dial(time.Second)
	require.Error(t, err)
	assert.False(t, errors.Is(err, syscall.ECONNREFUSED), "silence, not an answer: %v", err)
	machine.Mend(office)
	require.Eventually(t, func() bool { return dial(time.Second) == nil }, patience, 10*time.Millisecond)

	require.NoError(t, in.Close())
	select {
	case <-ended:
	case <-time.After(patience):
		require.Fail(t, "it does not end")
	}
	assert.True(t, cmd.ProcessState.Success())
	require.True(t, strings.HasPrefix(string(said), "listens"))
}
