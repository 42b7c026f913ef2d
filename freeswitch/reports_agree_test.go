package freeswitch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// toldWithin is for a command that reads all calls of a test.
const toldWithin = 2 * time.Minute

// run runs another command of the program on the service's data.
func (s *service) run(t testing.TB, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), toldWithin)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, s.binary, append([]string{"--config", s.config, "--data", s.Data}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%v: %s", args, stderr.Bytes())
	return out
}

// told holds what is said of the calls afterwards against what happened on them: the reports against the journal, and
// the lines against the calls that they took. The service has ended by itself.
func (s *service) told(t testing.TB) {
	t.Helper()
	calls := map[string]*retold{}
	for body := range bytes.Lines(s.run(t, "journal", "export")) {
		e, err := event.Parse(bytes.TrimSpace(body))
		require.NoError(t, err)
		if e.Test {
			continue
		}
		if calls[e.Call] == nil {
			calls[e.Call] = &retold{}
		}
		calls[e.Call].take(e)
	}
	if len(calls) == 0 {
		return
	}
	want := map[string]int{"calls": 0, "step_ups": 0, "identified_by_ani": 0, "verified": 0, "failed": 0, "abandoned": 0}
	for _, c := range calls {
		c.count(want)
	}
	var report struct{ Rows []map[string]any }
	require.NoError(t, json.Unmarshal(s.run(t, "report", "summary", "--format", "json"), &report))
	got := map[string]int{}
	for key := range want {
		n, _ := report.Rows[0][key].(float64)
		got[key] = int(n)
	}
	assert.Equal(t, want, got, "the summary, and a recount of the journal")

	if s.edited {
		return // calls of before would end otherwise
	}
	args := []string{"replay", "--json"}
	lines := s.lines
	if len(lines) == 0 {
		lines = []string{filepath.Join("..", "lines", "default.yaml")}
	}
	for _, line := range lines {
		args = append(args, "--what-if", line)
	}
	var tried struct {
		Calls, Changed int
		Listed         json.RawMessage
	}
	require.NoError(t, json.Unmarshal(s.run(t, append(args, "last:100000")...), &tried))
	assert.Zero(t, tried.Changed, "of %d calls that were run once more on the same lines: %s", tried.Calls, tried.Listed)
}

// retold is what the summary counts of a call, from its events.
type retold struct {
	// apart says that the call had been with us before, or was with us for a step-up.
	apart, byNumber, abandoned bool
	verdict                    event.Fact
}

func (c *retold) take(e event.Event) {
	switch d := e.Data.(type) {
	case event.CallStarted:
		c.apart = c.apart || d.Continues != ""
	case event.StepUpRequested:
		c.apart = true
	case event.Identified:
		c.byNumber = c.byNumber || d.Method == event.MethodANI
	case event.Verified, event.Failed:
		c.verdict = e.Fact()
	case event.CallEnded:
		c.abandoned = d.End == event.EndAbandoned
	}
}

func (c *retold) count(n map[string]int) {
	if c.apart {
		n["step_ups"]++
		return
	}
	n["calls"]++
	for key, is := range map[string]bool{
		"identified_by_ani": c.byNumber, "verified": c.verdict == event.FactVerified, "failed": c.verdict == event.FactFailed,
		"abandoned": c.abandoned,
	} {
		if is {
			n[key]++
		}
	}
}
