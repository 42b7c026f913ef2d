package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/ops/demo"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Another user of the machine reaches the port of the embedded NATS, and not the files in --data.
func TestALocalUserWithoutTheKeysChangesNothing(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, string(demo.Customers), "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	_, cfg, _ := startServe(t, data)
	ours := []string{"--config", cfg, "--data", data}
	text, err := os.ReadFile(cfg)
	require.NoError(t, err)
	url := "nats://" + regexp.MustCompile(`nats: \{listen: "([^"]+)"`).FindStringSubmatch(string(text))[1]
	line := filepath.Join(t.TempDir(), "bank.yaml")
	require.NoError(t, os.WriteFile(line, []byte(bankLine("bank", "5200", "pin: {digits: 6}")), 0o600))
	code, _, stderr = countersign(t, "", append(ours, "lines", "apply", line)...)
	require.Equal(t, exitDone, code, stderr)
	for _, name := range []string{"nats-write.key", "nats-read.key"} {
		info, err := os.Stat(filepath.Join(data, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}

	// With our program, and with a client of NATS.
	theirs := []string{"--config", cfg, "--data", t.TempDir()}
	for what, args := range map[string][]string{
		"apply a line":      {"lines", "apply", "--if-version", "1", line},
		"remove a line":     {"lines", "remove", "bank"},
		"unlock a number":   {"customers", "unlock", "--number", "+15551230001"},
		"read the lines":    {"lines", "show", "bank"},
		"replay old events": {"lines", "rollback", "bank", "1"},
	} {
		code, _, stderr := countersign(t, "", append(theirs, args...)...)
		assert.NotEqual(t, exitDone, code, what)
		assert.Contains(t, stderr, "key", what)
	}
	_, err = nats.Connect(url)
	require.ErrorIs(t, err, nats.ErrAuthorization)

	reader, err := nats.NkeyOptionFromSeed(filepath.Join(data, "nats-read.key"))
	require.NoError(t, err)
	conn, err := nats.Connect(url, reader)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(200*time.Millisecond))
	require.NoError(t, err)
	require.NoError(t, conn.Publish("$KV.lines.bank", []byte(`{"version":9,"yaml":""}`)))
	require.NoError(t, conn.Publish("countersign.v1.bank.verified", []byte(`{}`)))
	require.Error(t, js.DeleteStream(t.Context(), "COUNTERSIGN"))
	require.Error(t, js.DeleteStream(t.Context(), "KV_guard"))
	require.NoError(t, conn.Flush())

	code, stdout, stderr := countersign(t, "", append(ours, "lines", "show", "--json", "bank")...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, strings.ReplaceAll(stdout, " ", ""), `"version":1`)
	var findings []string
	code, stdout, _ = countersign(t, "", append(ours, "doctor", "--json")...)
	for l := range strings.Lines(stdout) {
		var f struct{ Check, State, Detail string }
		require.NoError(t, json.Unmarshal([]byte(l), &f))
		if f.Check == "nats" || f.Check == "lines" {
			findings = append(findings, f.State)
		}
	}
	assert.Equal(t, []string{"ok", "ok"}, findings, "%d: %s", code, stdout)
}
