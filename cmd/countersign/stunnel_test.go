package main

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/ops/demo"
)

// The recipe of SECURITY.md, with the files that it names: calls go through stunnel, nobody else does, and when the
// service behind it is gone, callers reach a person.
func TestCallsOverAnUntrustedNetworkGoThroughStunnel(t *testing.T) {
	t.Parallel()
	stunnel, err := exec.LookPath("stunnel")
	if err != nil {
		if os.Getenv("CI") != "" {
			require.NoError(t, err)
		}
		t.Skip("install stunnel (Debian package stunnel4)")
	}
	data := t.TempDir()
	code, _, stderr := countersign(t, string(demo.Customers), "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	service, _, stop := startServe(t, data)
	ports := freePorts(t, 4)
	ends := strings.NewReplacer("127.0.0.1:8084", ports[0], "countersign.example.com:8443", ports[1], "accept = 8443", "accept = "+ports[1],
		"freeswitch.example.com:8444", ports[2], "accept = 8444", "accept = "+ports[2], "127.0.0.1:8021", ports[3])
	tunnel(t, stunnel, "freeswitch.conf", ends)
	// Countersign's own end leads to the service.
	tunnel(t, stunnel, "countersign.conf", strings.NewReplacer("connect = 127.0.0.1:8084", "connect = "+service,
		"accept = 127.0.0.1:8021", "accept = 127.0.0.1:0"), ends)

	call := func() sim.Result {
		phone, err := sim.New(sim.Options{Address: ports[0]})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		r, err := phone.Call(ctx, sim.CallOptions{From: "+15551230001", To: "5200", Caller: keys("ask-pin", "246813")})
		require.NoError(t, err)
		return r
	}
	require.Eventually(t, func() bool { return takesConnections(t.Context(), ports[0], time.Second) }, patience,
		20*time.Millisecond)
	assert.Equal(t, "verified", call().Variables["cs_status"])

	stranger, err := net.Dial("tcp", ports[1])
	require.NoError(t, err)
	defer stranger.Close()
	_, err = stranger.Write([]byte("connect\n\n"))
	require.NoError(t, err)
	require.NoError(t, stranger.SetReadDeadline(time.Now().Add(patience)))
	heard, _ := io.ReadAll(stranger)
	assert.NotContains(t, string(heard), "connect", "without the key nobody is greeted")

	require.Equal(t, exitDone, stop())
	gone := call()
	assert.Equal(t, sim.Resumed, gone.End)
	assert.Contains(t, gone.Destination, "agents", "the dialplan goes on")
	assert.NotEqual(t, "verified", gone.Variables["cs_status"])
}

// tunnel runs one end of the recipe, with other addresses.
func tunnel(t *testing.T, stunnel, name string, addresses ...*strings.Replacer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "freeswitch", "stunnel", name))
	require.NoError(t, err)
	dir := t.TempDir()
	conf := string(text)
	for _, a := range addresses {
		conf = a.Replace(conf)
	}
	conf = strings.NewReplacer("/etc/stunnel/countersign.psk", filepath.Join(dir, "psk"), "foreground = no", "foreground = yes",
		"syslog = yes", "syslog = no").Replace(conf)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600))
	const key = "machine1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "psk"), []byte(key), 0o600))
	log, err := os.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	cmd := exec.Command(stunnel, filepath.Join(dir, "conf"))
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s of stunnel:\n%s", name, text)
		}
	})
}

// freePorts are addresses on which nobody listens yet.
func freePorts(t *testing.T, n int) (addresses []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}
