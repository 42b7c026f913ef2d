package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/bench"
)

// The operator's settings name systems that bench must not touch, and a line of theirs.
func TestBenchMeasuresAServiceOfItsOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	config := file("c.yaml", `
customers: {hash: hmac, pepper: /nonexistent/pepper}
socket: {listen: "192.0.2.1:8084", max_calls: 77}
nats: {url: "nats://192.0.2.1:4222"}
backend: {url: "http://192.0.2.1/crm"}
sms: {url: "http://192.0.2.1/sms"}
freeswitch: [{address: "192.0.2.1:8021", password: x}]
`)
	line := file("office.yaml", `
format: 1
line: office
numbers: ["5300"]
identify: [{number: {name: account, digits: 8, check: luhn}}]
verify: {questions: [{pin: {digits: 5}}]}
routes: {verified: menu XML default, identified: agents XML default}
`)
	data, own, report := filepath.Join(folder, "data"), t.TempDir(), filepath.Join(folder, "report.md")
	code, stdout, stderr := countersign(t, "", "--config", config, "--data", data, "bench", "--line", line, "--folder", own, "--speed", "50",
		"--step", "200ms", "--start", "10", "--most", "10", "--reaction", "1m", "--customers", "20", "--json", "--report", report)
	require.Equal(t, exitDone, code, stderr)
	var r bench.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &r), stdout)
	assert.InDelta(t, 10, r.Rate, 0)
	assert.Equal(t, "office", r.Line)
	assert.Equal(t, "77", r.Settings["socket.max_calls"])
	require.NotNil(t, r.Held)
	assert.True(t, r.Held.Known, "its metrics were read")
	assert.Positive(t, r.Held.ServerMS)
	assert.Positive(t, r.IdleBytes)
	assert.Contains(t, stderr, "10.0 calls/s")
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	assert.Contains(t, string(text), "| `customers.hash` | hmac |")

	left, err := os.ReadDir(own)
	require.NoError(t, err)
	assert.Empty(t, left, "its folder is removed")
	assert.NoDirExists(t, data, "the operator's folder is not touched")
}

func TestBenchCallsNoSystemInUse(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	address, cfg, _ := startServe(t, data)
	flags := []string{"--config", cfg, "--data", t.TempDir(), "bench", "--server", address}
	code, _, stderr := countersign(t, "", flags...)
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "--test-system", "a system in use")
	code, _, stderr = countersign(t, "", append(flags, "--test-system")...)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "the first caller was not verified", "--print-customers")

	code, stdout, stderr := countersign(t, "", "bench", "--print-customers", "--customers", "3")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, 4, strings.Count(stdout, "\n"))
	assert.Contains(t, stdout, "id,name,account,pin\nbench-0,")
}
