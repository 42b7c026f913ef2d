package retention

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/ops/retention/retentiontest"
	"countersign/store/audit"
	"countersign/store/journal"
)

const day = 24 * time.Hour

// machine is a folder with the default periods and nothing in it.
func machine(t *testing.T) Options {
	t.Helper()
	data := t.TempDir()
	return Options{
		Reports: filepath.Join(data, "reports.db"), Audit: filepath.Join(data, "audit.db"),
		Clock: filepath.Join(data, "retention.json"),
		Keep:  Periods{Journal: 90 * day, Totals: 761 * day, Audit: 365 * day}, Actor: "node",
	}
}

// kept is a machine with calls that are over their time and others that are not, whose clock was right a moment ago.
func kept(t *testing.T) Options {
	t.Helper()
	o := machine(t)
	retentiontest.Journal(t, o.journal())
	retentiontest.Reports(t, o.Reports)
	require.NoError(t, clock{Believed: time.Now()}.save(o.Clock))
	var err error
	o.Journal, err = journal.Open(t.Context(), o.journal(), journal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Journal.Close(t.Context())) })
	return o
}

func (o Options) journal() string { return filepath.Join(filepath.Dir(o.Audit), "journal.db") }

// at is the same machine when its clock is ahead.
func (o Options) at(ahead time.Duration) Options {
	o.Now = func() time.Time { return time.Now().Add(ahead) }
	return o
}

// audited are the entries of the audit log.
func (o Options) audited(t *testing.T) (entries []audit.Entry) {
	t.Helper()
	a, err := audit.Open(t.Context(), o.Audit, audit.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Close()) }()
	require.NoError(t, a.List(t.Context(), audit.Filter{}, func(e audit.Entry) error {
		entries = append(entries, e)
		return nil
	}))
	return entries
}
