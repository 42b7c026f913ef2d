package doctor_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/ops/doctor"
	"countersign/session/shared"
)

func TestANATSThatStoresIsOK(t *testing.T) {
	t.Parallel()
	f := one(t, withNATS(t, fresh(t), nil), "nats")
	assert.Equal(t, doctor.OK, f.State)
	assert.Contains(t, f.Detail, "stores what it is sent")
}

func TestANATSThatAnswersAndRefusesEverythingIsAProblem(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"KV_guard", "KV_calls", "KV_lines", "COUNTERSIGN"} {
		o := withNATS(t, fresh(t), nil)
		o.Timeout = patience
		endpoint, err := o.NATS()
		require.NoError(t, err)
		conn, err := endpoint.Connect("test", slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		js, err := jetstream.New(conn)
		require.NoError(t, err)
		if stream == "COUNTERSIGN" {
			_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{
				Name: stream, Subjects: []string{"countersign.v1.>"}, MaxBytes: 1, Discard: jetstream.DiscardNew,
			})
			require.NoError(t, err)
		} else {
			require.NoError(t, o.State(t.Context(), func(context.Context, *bus.State) error { return nil })) // makes it
			s, err := js.Stream(t.Context(), stream)
			require.NoError(t, err)
			c := s.CachedInfo().Config
			c.MaxBytes = 1
			_, err = js.UpdateStream(t.Context(), c)
			require.NoError(t, err)
		}
		conn.Close()
		all := found(t, o, "nats")
		require.Len(t, all, 2, stream)
		assert.Equal(t, doctor.Problem, all[1].State, stream)
		assert.Contains(t, all[1].Detail, "does not store", stream)
	}
}

func TestLinesThatNATSHasLostAreAProblem(t *testing.T) {
	t.Parallel()
	put := func(ctx context.Context, s *bus.State) {
		for i := range 2 {
			_, err := s.Lines().Put(ctx, "there", "x", bus.Change{Author: "a", ExpectedVersion: i})
			require.NoError(t, err)
		}
	}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		here map[string]shared.LineVersion
		says string
	}{
		"missing": {map[string]shared.LineVersion{"gone": {Version: 1, At: at}},
			"gone, version 1, was in force here"},
		"older": {map[string]shared.LineVersion{"there": {Version: 3, At: at}},
			"there, version 3, was in force here"},
		"missing and removed": {map[string]shared.LineVersion{"gone": {Version: 2, Removed: true}}, ""},
		"newer":               {map[string]shared.LineVersion{"there": {Version: 1, At: at}}, ""},
		"none":                {map[string]shared.LineVersion{}, ""},
	} {
		o := withNATS(t, fresh(t), put)
		o.Files.Lines = filepath.Join(t.TempDir(), "lines.json")
		text, err := json.Marshal(c.here)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(o.Files.Lines, text, 0o600))
		f := found(t, o, "lines")[0]
		if c.says == "" {
			assert.NotContains(t, f.Detail, "in force here", name)
			continue
		}
		assert.Equal(t, doctor.Problem, f.State, name)
		assert.Contains(t, f.Detail, c.says, name)
		assert.Contains(t, f.Do, "puts them back", name)
	}
	o := withNATS(t, fresh(t), nil)
	o.Files.Lines = filepath.Join(t.TempDir(), "lines.json")
	require.NoError(t, os.WriteFile(o.Files.Lines, []byte("{half"), 0o600))
	f := one(t, o, "lines")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "damaged")
}
