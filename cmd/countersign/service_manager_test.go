package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// messages is what a service tells its manager, message by message.
type messages struct {
	t  *testing.T
	nc *net.UnixConn
}

// manage is a service manager's socket. It is short: its path may have 107 characters.
func manage(t *testing.T) (m messages, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "cs")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	path = filepath.Join(dir, "notify")
	nc, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = nc.Close() })
	require.NoError(t, nc.SetReadDeadline(time.Now().Add(patience)))
	return messages{t, nc}, path
}

// next is the next message that begins so.
func (m messages) next(with string) string {
	m.t.Helper()
	message := make([]byte, 4096)
	for {
		n, err := m.nc.Read(message)
		require.NoError(m.t, err, "waiting for "+with)
		if text := string(message[:n]); strings.HasPrefix(text, with) {
			return text
		}
	}
}

func TestTheServiceManagerIsToldHowTheServiceIs(t *testing.T) {
	t.Parallel()
	m, notify := manage(t)
	dir := t.TempDir()
	settings := filepath.Join(dir, "c.yaml")
	require.NoError(t, os.WriteFile(settings, []byte("socket: {listen: \"127.0.0.1:0\", drain: 7s}\n"+
		"nats: {listen: \"127.0.0.1:0\"}\nweb: {listen: \"\"}\n"), 0o600))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := command(ctx, "--config", settings, "--data", filepath.Join(dir, "data"), "serve")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+notify, "WATCHDOG_USEC=400000")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	m.next("READY=1")
	m.next("WATCHDOG=1")
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	at := serving.FindStringSubmatch(line)
	require.Len(t, at, 3, line)
	code, said, stderr := countersign(t, "", "health", "--listen", at[1])
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, said, "takes calls")

	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	assert.Regexp(t, `^RELOADING=1\nMONOTONIC_USEC=\d+\n$`, m.next("RELOADING=1"))
	m.next("READY=1")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, "STOPPING=1\nEXTEND_TIMEOUT_USEC=37000000", m.next("STOPPING=1"))
	require.NoError(t, cmd.Wait())
	code, _, stderr = countersign(t, "", "health", "--listen", at[1])
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "nothing listens on "+at[1], "countersign serve")
}

func TestAServiceThatHangsIsNotAlive(t *testing.T) {
	t.Parallel()
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer hung.Close()
	assert.False(t, takesConnections(t.Context(), hung.Addr().String(), 50*time.Millisecond))
	code, _, stderr := countersign(t, "", "health", "--listen", hung.Addr().String())
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "no calls on "+hung.Addr().String(), "said nothing")
}

func TestRootDoesNotWorkInTheServicesFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root may give a folder to another user: run as root")
	}
	data := t.TempDir()
	const somebody = 54321
	require.NoError(t, os.Chown(data, somebody, somebody))
	code, _, stderr := countersign(t, "", "--data", data, "customers", "list")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, data+" belongs to #54321", "sudo -u '#54321' countersign")
	_, stdout, _ := countersign(t, "", "--data", data, "doctor")
	assert.Contains(t, stdout, data+" can be written")
	left, err := os.ReadDir(data)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestTheManualHasEveryCommand(t *testing.T) {
	t.Parallel()
	code, page, stderr := countersign(t, "", "manual")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, page, ".TH countersign 8")
	for _, c := range newApp(nil, nil, nil).Commands {
		if !c.Hidden {
			assert.Contains(t, page, ".SH "+c.Name+"\n", c.Name)
		}
	}
}
