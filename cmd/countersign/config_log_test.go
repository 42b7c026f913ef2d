package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLogLevelsAndTracesAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"log: {levels: {bus: loud}}":              `log.levels.bus is "loud": it can be debug, info, warn or error`,
		"log: {levels: {buss: debug}}":            `log.levels has "buss": it can be backend, bus, `,
		"log: {level: loud}":                      `log.level is "loud"`,
		"traces: {endpoint: \"localhost:4318\"}":  "traces.endpoint: it must be the URL of a collector",
		"traces: {endpoint: \"http://a:b@c/v1\"}": "OTEL_EXPORTER_OTLP_HEADERS",
	} {
		_, err := settingsOf(t, text)
		assert.ErrorContains(t, err, want, text)
	}
	cfg, err := settingsOf(t, "log: {levels: {bus: debug, session/guard: warn}}\ntraces: {endpoint: \"http://otel:4318\"}")
	require.NoError(t, err)
	_, parts := cfg.logLevels()
	assert.Len(t, parts, 2)
}

// Every folder with packages at the top may have a level.
func TestEveryPartMayHaveALogLevel(t *testing.T) {
	t.Parallel()
	want := []string{"cmd"}
	folders, err := os.ReadDir("../..")
	require.NoError(t, err)
	for _, f := range folders {
		name := f.Name()
		inside, err := filepath.Glob(filepath.Join("../..", name, "*.go"))
		require.NoError(t, err)
		below, err := filepath.Glob(filepath.Join("../..", name, "*", "*.go"))
		require.NoError(t, err)
		if len(inside)+len(below) > 0 && !slices.Contains([]string{"cmd", "docs", "scripts"}, name) {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, logParts)
}
