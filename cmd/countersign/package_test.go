package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/strictyaml"
)

// Files of the packages (scripts/package) that must fit this program.

func TestThePackagesSettingsAreAccepted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.FromSlash("../../scripts/package/countersign.yaml"))
	require.NoError(t, err)
	got := defaults()
	_, err = strictyaml.Read("countersign.yaml", text, &got)
	require.NoError(t, err)
	assert.Equal(t, defaults(), got, "nothing is set until somebody sets it")
	examples := regexp.MustCompile(`(?m)^#(\S)`).ReplaceAll(text, []byte("$1"))
	require.NotEqual(t, text, examples)
	_, err = strictyaml.Read("countersign.yaml", examples, &got)
	require.NoError(t, err)
	assert.Len(t, got.FreeSWITCH, 1)
}

func TestThePackagesUnitWaitsForTheDrainAndRestartsAServiceThatHangs(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile(filepath.FromSlash("../../scripts/package/countersign.service"))
	require.NoError(t, err)
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(unit)
	require.Len(t, m, 2)
	stop, err := strconv.Atoi(string(m[1]))
	require.NoError(t, err)
	assert.NotContains(t, string(unit), "RestartPreventExitStatus", "a program that systemd's watchdog aborts exits with 2")
	assert.Greater(t, time.Duration(stop)*time.Second, time.Duration(defaults().Socket.Drain)+closeWithin)
}
