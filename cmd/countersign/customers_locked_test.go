package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/unlock"
	"countersign/session"
)

func TestWhoIsLockedIsSeenAndUnlocked(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	cfg := defaults()
	cfg.data = filepath.Join(n.dir, "data")
	code, _, stderr := countersign(t, "id,name\nC-1,Ada Lovelace\nC-2,Grace Hopper\nC-3,Alan Turing\n", "--data", cfg.data,
		"customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	d, err := openDirectory(t.Context(), cfg, newSettings(cfg).logger(os.Stderr))
	require.NoError(t, err)
	state, g, err := openShared(cfg, n.endpoint, keysOf(d))
	require.NoError(t, err)
	require.NoError(t, state.Ready(t.Context()))
	for customer, wrong := range map[string]int{"C-1": 5, "C-2": 2, "CRM-77": 5} {
		for range wrong {
			g.Try(t.Context(), session.Attempt{Customer: customer, Call: "call"})
		}
	}
	state.Close()
	require.NoError(t, d.Close())
	do := func(args ...string) (code int, stdout, stderr string) {
		t.Helper()
		all := append([]string{"--data", cfg.data, "customers", args[0], "--nats", n.url}, args[1:]...)
		return countersign(t, "", all...)
	}

	code, stdout, stderr := do("locked")
	require.Equal(t, exitDone, code, stderr)
	assert.Regexp(t, `(?m)^C-1 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +5 wrong answers since the last right one, the last at `,
		stdout)
	assert.NotContains(t, stdout, "C-2", "two wrong answers are no lock")
	assert.Contains(t, stderr, "1 customer is locked; 1 more whose ids this machine does not know")
	code, stdout, stderr = do("locked", "--json")
	require.Equal(t, exitDone, code, stderr)
	var lock unlock.Lock
	require.NoError(t, json.Unmarshal([]byte(stdout), &lock))
	assert.Equal(t, "C-1", lock.Customer)
	assert.True(t, lock.Locked)
	assert.Equal(t, 5, lock.Failures)
	require.NotNil(t, lock.Until)
	require.NotNil(t, lock.Last)

	for id, want := range map[string]string{
		"C-1": "locked +until \\d{4}-.*: 5 wrong answers since the last right one, the last at ",
		"C-2": "locked +no; 2 wrong answers", "C-3": "locked +no\n",
		"CRM-77": "not in the local directory\nlocked +until .*5 wrong answers",
	} {
		code, stdout, stderr = do("show", id)
		require.Equal(t, exitDone, code, stderr)
		assert.Regexp(t, want, stdout, id)
	}
	_, stdout, _ = do("show", "--json", "C-1")
	var shown struct {
		ID, Name    string
		InDirectory bool `json:"in_directory"`
		Lock        *unlock.Lock
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &shown))
	assert.True(t, shown.InDirectory)
	assert.Equal(t, "Ada Lovelace", shown.Name)
	require.NotNil(t, shown.Lock)
	assert.Equal(t, lock, *shown.Lock)
	// without NATS what is on file is shown, and that the lock is not known
	code, stdout, stderr = countersign(t, "", "--data", cfg.data, "customers", "show", "--nats",
		"nats://127.0.0.1:1", "C-1")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "Ada Lovelace")
	assert.Regexp(t, "locked +unknown: ", stdout)

	for _, command := range []string{"show", "unlock"} {
		code, stdout, stderr = do(command, "nosuch")
		assert.Equal(t, exitFailed, code, command)
		assert.Empty(t, stdout)
		oneSentence(t, stderr, `there is no customer "nosuch"`, "no wrong answers are on record")
	}
	code, stdout, stderr = do("unlock", "C-3")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "there is nothing to unlock")
	code, stdout, stderr = do("unlock", "CRM-77")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "now cleared", "a customer of the company's own system")
	code, _, stderr = do("unlock", "C-1")
	require.Equal(t, exitDone, code, stderr)
	_, stdout, stderr = do("locked")
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "0 customers are locked")
}
