package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyATerminalGetsColours(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "ok", painterFor(&bytes.Buffer{}).paint(green, "ok"))
	file, err := os.CreateTemp(t.TempDir(), "out")
	require.NoError(t, err)
	defer file.Close()
	assert.Equal(t, "ok", painterFor(file).paint(green, "ok"))
	assert.Equal(t, "\x1b[32mok\x1b[0m", painter(true).paint(green, "ok"))
	assert.Equal(t, "skipped", painter(true).paint("", "skipped"))
}

func TestATerminalGetsNoColoursIfTheUserWantsNone(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal to be had: mount devpts, with /dev/ptmx: %v", err)
	}
	defer terminal.Close()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	assert.True(t, bool(painterFor(terminal)))
	t.Setenv("NO_COLOR", "1")
	assert.False(t, bool(painterFor(terminal)))
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	assert.False(t, bool(painterFor(terminal)))
}
