package replay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/store/journal"
)

// noon is of a day not long ago: what is too old is not published once more.
var noon = time.Now().UTC().Truncate(24 * time.Hour).Add(-4*24*time.Hour - 12*time.Hour)

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// call is one of four events, a second apart.
func call(id, line string, at time.Time) (events []event.Event) {
	for i, d := range []event.Data{
		event.CallStarted{Channel: "leg " + id, CallerLast4: "0001"},
		event.Identified{Customer: "C-1", Name: "Ada", PopURL: "https://x/C-1", Method: event.MethodAccount,
			Status: event.StatusIdentified, Level: 1},
		event.Failed{Step: "pin", Reason: event.ReasonWrongAnswer, Status: event.StatusIdentified, Level: 1,
			Customer: "C-1", PopURL: "https://x/C-1"},
		event.CallEnded{End: event.EndAbandoned, Status: event.StatusIdentified, Level: 1, Customer: "C-1"},
	} {
		events = append(events, event.Event{
			ID: event.ID(id, i+1), Source: "/countersign/test", Time: at.Add(time.Duration(i) * time.Second),
			Call: id, Seq: i + 1, Line: line, LineVersion: 1, Data: d,
		})
	}
	return events
}

// write writes calls as journal export does.
func write(t *testing.T, calls ...[]event.Event) string {
	t.Helper()
	var b strings.Builder
	for _, c := range calls {
		for _, e := range c {
			require.NoError(t, json.NewEncoder(&b).Encode(e))
		}
	}
	return b.String()
}

func file(t *testing.T, text string) Source {
	t.Helper()
	return FromFile("calls.ndjson", func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil })
}

// published is a NATS that keeps what it gets.
type published struct {
	events []event.Event
	away   error
}

func (p *published) Publish(_ context.Context, e event.Event) error {
	if p.away == nil {
		p.events = append(p.events, e)
	}
	return p.away
}

func (p *published) options() PublishOptions {
	return PublishOptions{
		To: p, Keep: 90 * 24 * time.Hour, Each: func(event.Event) error { return nil },
		Erased: func(context.Context) (event.Erased, error) { return nil, nil },
	}
}

func TestEventsAreToldInTheirOwnTime(t *testing.T) {
	t.Parallel()
	from := file(t, write(t, call("call-1", "retail", noon)))
	for speed, want := range map[float64]time.Duration{0: 0, 1: 3 * time.Second, 2: 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var seqs []int
			n, err := Tell(t.Context(), from, speed, func(e event.Event) error {
				seqs = append(seqs, e.Seq)
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, 4, n)
			assert.Equal(t, []int{1, 2, 3, 4}, seqs)
			assert.Equal(t, want, time.Since(began))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/2, func() { stop(errors.New("countersign is stopping")) })
		n, err := Tell(ctx, from, 1, func(event.Event) error { return nil })
		require.ErrorContains(t, err, "is stopping")
		assert.Equal(t, 1, n)
	})
}

func TestTheJournalTellsNothingThatIsTakenFromItMeanwhile(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	j, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close(context.WithoutCancel(ctx))) }()
	require.NoError(t, j.Append(append(call("call-1", "retail", noon), call("call-2", "retail", noon)...)...))
	require.NoError(t, j.Sync(ctx))
	f := &forgetful{Journal: j}
	n, err := Tell(ctx, FromJournal(f, journal.ExportOptions{Calls: []string{"call-2"}}), 0, func(e event.Event) error {
		assert.Equal(t, "call-2", e.Call)
		f.forgets = e.Seq == 2
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}

// forgetful is a journal that loses its events.
type forgetful struct {
	Journal
	forgets bool
}

func (f *forgetful) Event(ctx context.Context, id string) ([]byte, bool, error) {
	if f.forgets {
		return nil, false, nil
	}
	return f.Journal.Event(ctx, id)
}

func TestEventsArePublishedOnceMoreMarkedAndWithoutNames(t *testing.T) {
	t.Parallel()
	var nats published
	from := file(t, write(t, call("call-1", "retail", noon)))
	first, err := Publish(within(t), from, nats.options())
	require.NoError(t, err)
	second, err := Publish(within(t), from, nats.options())
	require.NoError(t, err)
	assert.NotEqual(t, first.ID, second.ID)
	assert.Equal(t, Published{ID: first.ID, Events: 4}, first)
	require.Len(t, nats.events, 8)
	assert.Equal(t, first.ID, nats.events[0].Replay)
	assert.Equal(t, second.ID, nats.events[4].Replay)
	text := write(t, nats.events)
	assert.NotContains(t, text, "Ada")
	assert.NotContains(t, text, "https://x")
	assert.Contains(t, text, "C-1")
}

func TestWhatIsOldIsNotPublished(t *testing.T) {
	t.Parallel()
	var nats published
	o := nats.options()
	from := file(t, write(t, call("call-old", "retail", noon.AddDate(0, 0, -91)), call("call-1", "retail", noon)))
	p, err := Publish(within(t), from, o)
	require.NoError(t, err)
	assert.Equal(t, Published{ID: p.ID, Events: 4, Old: 4}, p)
}

func TestAPublishingThatFailsSaysWhatIsDone(t *testing.T) {
	t.Parallel()
	var nats published
	o := nats.options()
	o.Each = func(e event.Event) error {
		if e.Seq == 2 {
			nats.away = errors.New("NATS is away")
		}
		return nil
	}
	from := file(t, write(t, call("call-1", "retail", noon)))
	p, err := Publish(within(t), from, o)
	require.ErrorContains(t, err, "NATS is away")
	assert.Equal(t, 2, p.Events)

	o.Erased = func(context.Context) (event.Erased, error) { return nil, errors.New("no directory") }
	p, err = Publish(within(t), from, o)
	require.ErrorContains(t, err, "no directory")
	assert.Empty(t, p.ID, "it did not begin")
}

func TestCallsOfErasedCustomersAreLeftOutOfAFile(t *testing.T) {
	t.Parallel()
	var nats published
	o := nats.options()
	asked := 0
	o.Erased = func(context.Context) (event.Erased, error) {
		asked++
		return func(customer string, at time.Time) bool { return customer == "C-1" && at.Before(noon.Add(time.Hour)) }, nil
	}
	from := file(t, write(t, call("call-1", "retail", noon), call("call-2", "retail", noon.Add(2*time.Hour))))
	p, err := Publish(within(t), from, o)
	require.NoError(t, err)
	assert.Equal(t, Published{ID: p.ID, Events: 4, Erased: 1}, p)
	assert.Equal(t, 1, asked, "not for every event")
	for _, e := range nats.events {
		assert.Equal(t, "call-2", e.Call, "also what came before the customer was named is left out")
	}
}
