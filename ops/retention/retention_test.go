package retention

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/retention/retentiontest"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/store/journal"
	"countersign/store/traces"
)

func TestWhatWasKeptLongEnoughIsRemoved(t *testing.T) {
	t.Parallel()
	o := kept(t)
	want := Removed{Pruned: journal.Pruned{Calls: 1, Events: 2}, Reports: 2}

	would, err := DryRun(t.Context(), o.reader(), o)
	require.NoError(t, err)
	assert.Equal(t, Removed{Pruned: want.Pruned, Reports: want.Reports, DryRun: true}, would)
	assert.Empty(t, o.audited(t))
	assert.Equal(t, []string{"ancient", "old", "young"}, retentiontest.Reported(t, o.Reports))

	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, want, r, "what the dry run said")
	assert.Equal(t, []string{"old", "young"}, retentiontest.Reported(t, o.Reports))

	r, err = Run(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, r.None())
	entries := o.audited(t)
	require.Len(t, entries, 1, "a run that removes nothing leaves no entry")
	assert.Equal(t, "node", entries[0].Actor)
	assert.Equal(t, audit.Retention, entries[0].Action)
	assert.Equal(t, "journal: 1 call with 2 events; reports: 2 calls; audit log: 0 entries", entries[0].Detail)
}

func TestEachPeriodCountsByItself(t *testing.T) {
	t.Parallel()
	of := func(calls, reports int) Removed {
		return Removed{Pruned: journal.Pruned{Calls: calls, Events: 2 * calls}, Reports: reports}
	}
	for name, c := range map[string]struct {
		journal, totals int // days
		want            Removed
	}{
		"all long":       {1000, 1000, of(0, 0)},
		"journal short":  {80, 1000, of(2, 3)},
		"journal usual":  {90, 1000, of(1, 2)},
		"totals usual":   {761, 761, of(0, 1)},
		"one day beyond": {764, 764, of(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := kept(t)
			o.Keep.Journal, o.Keep.Totals = time.Duration(c.journal)*day, time.Duration(c.totals)*day
			r, err := Run(t.Context(), o)
			require.NoError(t, err)
			assert.Equal(t, c.want, r)
		})
	}
}

func TestTheAuditLogIsTrimmedAndSaysSo(t *testing.T) {
	t.Parallel()
	o := machine(t)
	for _, age := range []time.Duration{366 * day, 364 * day} {
		a, err := audit.Open(t.Context(), o.Audit, audit.Options{Now: func() time.Time { return time.Now().Add(-age) }})
		require.NoError(t, err)
		_, err = a.Append(t.Context(), audit.Entry{Actor: "anna", Action: audit.Imported})
		require.NoError(t, err)
		require.NoError(t, a.Close())
	}
	o.Trusted = true
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, Removed{Audit: 1}, r)
	var actions []string
	for _, e := range o.audited(t) {
		actions = append(actions, e.Action)
	}
	assert.Equal(t, []string{audit.Imported, audit.Trimmed, audit.Retention}, actions)
}

func TestTheJournalWaitsForNATSAndTheRestDoesNot(t *testing.T) {
	t.Parallel()
	o := kept(t)
	require.NoError(t, o.Journal.Append(event.Event{
		ID: event.ID("late", 1), Source: "/t", Time: time.Now().Add(-92 * day), Call: "late", Seq: 1, Line: "retail",
		Data: event.CallStarted{},
	}))
	require.NoError(t, o.Journal.Sync(t.Context()))
	r, err := Run(t.Context(), o)
	var waiting *journal.BacklogError
	require.ErrorAs(t, err, &waiting)
	assert.Equal(t, Removed{Reports: 2}, r)
	assert.Len(t, o.audited(t), 1, "what was removed is on record")
}

func TestNothingInAnyFileSaysWhoCalledWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	for name, withJournal := range map[string]bool{"reports alone": false, "journal and reports": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := machine(t)
			retentiontest.Reports(t, o.Reports)
			if withJournal {
				retentiontest.Journal(t, o.journal())
				j, err := journal.Open(t.Context(), o.journal(), journal.Options{})
				require.NoError(t, err)
				o.Journal = j
			}
			o.Trusted = true
			_, err := Run(t.Context(), o)
			require.NoError(t, err)
			if withJournal {
				require.NoError(t, o.Journal.Close(t.Context()))
			} else {
				assert.NoFileExists(t, o.journal(), "none is kept here")
			}
			files := map[bool]int{false: 1, true: 2}[withJournal]
			for of, want := range map[string]int{"ancient": 0, "old": 0, "young": files} {
				who := traces.Set{[]byte("customer-of-" + of), []byte("leg-of-" + of)}
				found, err := traces.Search(t.Context(), who, filepath.Dir(o.Audit))
				require.NoError(t, err)
				assert.Len(t, found.Found, want, of)
			}
		})
	}
}
