package loglevels_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/internal/loglevels"
)

func TestTheNearestPartCounts(t *testing.T) {
	t.Parallel()
	const debug, info, warn = slog.LevelDebug, slog.LevelInfo, slog.LevelWarn
	for name, c := range map[string]struct {
		all   slog.Level
		parts map[string]slog.Level
		want  string
	}{
		"no parts":                 {info, nil, "info warn "},
		"this package":             {warn, map[string]slog.Level{"internal/loglevels_test": debug}, "debug info warn "},
		"the folder above":         {warn, map[string]slog.Level{"internal": info}, "info warn "},
		"nearer than the folder":   {debug, map[string]slog.Level{"internal": debug, "internal/loglevels_test": warn}, "warn "},
		"another package":          {warn, map[string]slog.Level{"bus": debug}, "warn "},
		"a name that begins alike": {warn, map[string]slog.Level{"internal/loglevels_tes": debug}, "warn "},
	} {
		var out bytes.Buffer
		levels := loglevels.New("countersign")
		log := slog.New(levels.Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key != "text" {
					return slog.Attr{}
				}
				return a
			},
		})))
		levels.Set(c.all, c.parts) // also for loggers that exist
		log = log.With("a", 1).WithGroup("")
		log.Debug("", "text", "debug")
		log.Info("", "text", "info")
		log.Warn("", "text", "warn")
		assert.Equal(t, c.want, string(bytes.ReplaceAll(bytes.ReplaceAll(out.Bytes(), []byte("text="), nil), []byte("\n"), []byte(" "))),
			name)
	}
}

func TestWhatNobodyMayWriteCostsNothing(t *testing.T) {
	t.Parallel()
	levels := loglevels.New("countersign")
	h := levels.Handler(slog.DiscardHandler)
	levels.Set(slog.LevelWarn, map[string]slog.Level{"bus": slog.LevelInfo})
	assert.False(t, h.Enabled(context.Background(), slog.LevelDebug))
	assert.True(t, h.Enabled(context.Background(), slog.LevelInfo), "bus may")
}
