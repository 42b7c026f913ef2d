package main

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// Doctor looks for another machine's pepper, and does not register this machine's before the service does.
func TestDoctorComparesThePepperAndLeavesNothing(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: log})
	require.NoError(t, err)
	t.Cleanup(nats.Shutdown)
	state, err := bus.OpenState(nats.Endpoint(), bus.StateOptions{Node: "a", Within: patience, Log: log})
	require.NoError(t, err)
	t.Cleanup(state.Close)
	require.NoError(t, state.Ready(t.Context()))
	keyOf := func(b byte) func(string) []byte { return func(string) []byte { return bytes.Repeat([]byte{b}, 32) } }

	same, err := hasSamePepper(t.Context(), state, keyOf(1))
	require.NoError(t, err)
	assert.True(t, same, "there is no other machine")
	_, _, err = state.Guard().Get(t.Context(), fingerprint)
	require.ErrorIs(t, err, shared.ErrNotFound)

	require.NoError(t, samePepper(t.Context(), state, keyOf(1)))
	for pepper, want := range map[byte]bool{1: true, 2: false} {
		same, err = hasSamePepper(t.Context(), state, keyOf(pepper))
		require.NoError(t, err)
		assert.Equal(t, want, same)
	}
	require.ErrorIs(t, samePepper(t.Context(), state, keyOf(2)), errOtherPepper)
}

func TestFreeSWITCHCanEnterTheDataFolderWhateverTheUmask(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "new", "data")
	cmd := exec.Command("/bin/sh", "-c", `umask 077; exec "$0" --data "$1" customers import -`, os.Args[0], data)
	cmd.Env = append(os.Environ(), "COUNTERSIGN_TEST_RUN=1")
	cmd.Stdin = strings.NewReader("id,name\nC-1,Ada\n")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, folder := range []string{data, filepath.Dir(data)} {
		info, err := os.Stat(folder)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o755), info.Mode().Perm(), folder)
	}
	for _, secret := range []string{"pepper", "directory.db"} {
		info, err := os.Stat(filepath.Join(data, secret))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), secret)
	}
}
