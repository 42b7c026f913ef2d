package doctor_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/leaktest"
	"countersign/ops/doctor"
	"countersign/store/customers"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience bounds every wait of these tests.
const patience = time.Minute

// nobody is an address where nothing listens.
const nobody = "127.0.0.1:1"

// fresh is a machine on which nothing has run yet.
func fresh(t *testing.T) doctor.Options {
	t.Helper()
	data := t.TempDir()
	conf := t.TempDir()
	return doctor.Options{
		Data: data,
		Files: doctor.Files{
			Customers: filepath.Join(data, "directory.db"), Pepper: filepath.Join(data, "pepper"),
			Journal: filepath.Join(data, "journal.db"), Audit: filepath.Join(data, "audit.db"),
			Reports: filepath.Join(data, "reports.db"),
		},
		Hash: customers.SchemeHMAC, Prompts: filepath.Join(data, "prompts"), Socket: nobody,
		FreeSWITCH: withDialplan(t, conf),
		NATS: func() (bus.Endpoint, error) {
			return bus.External(bus.ExternalOptions{URL: "nats://" + nobody})
		},
		EmbeddedNATS: nobody,
		State: func(context.Context, func(context.Context, *bus.State) error) error {
			return errors.New("no NATS")
		},
	}
}

// withNATS is o with a running NATS. put, if not nil, changes the shared state first.
func withNATS(t *testing.T, o doctor.Options, put func(context.Context, *bus.State)) doctor.Options {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: log})
	require.NoError(t, err)
	t.Cleanup(nats.Shutdown)
	o.NATS = func() (bus.Endpoint, error) { return nats.Endpoint(), nil }
	o.State = func(ctx context.Context, use func(context.Context, *bus.State) error) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		s, err := bus.OpenState(nats.Endpoint(), bus.StateOptions{Node: "doctor", Within: patience, Log: log})
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.Ready(ctx); err != nil {
			return err
		}
		return use(ctx, s)
	}
	if put != nil {
		require.NoError(t, o.State(t.Context(), func(ctx context.Context, s *bus.State) error {
			put(ctx, s)
			return nil
		}))
	}
	return o
}

// found returns the findings of one check.
func found(t *testing.T, o doctor.Options, check string) []doctor.Finding {
	return doctor.RunCheck(t.Context(), o, check)
}

// one returns the only finding of a check.
func one(t *testing.T, o doctor.Options, check string) doctor.Finding {
	t.Helper()
	all := found(t, o, check)
	require.Len(t, all, 1, "%s: %v", check, all)
	return all[0]
}
