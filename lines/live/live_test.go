package live

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/steps"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// nobody is a directory without customers.
type nobody struct{ steps.Directory }

// stored is a Source that a test changes. What is put back arrives in back, unless it refuses.
type stored struct {
	changes chan []shared.LineVersion
	back    chan shared.LineVersion
	refuses *atomic.Bool
	refused *atomic.Int32
}

func (s stored) PutBack(_ context.Context, v shared.LineVersion) (bool, error) {
	if s.refuses.Load() {
		s.refused.Add(1)
		return false, errors.New("no space left on device")
	}
	s.back <- v
	return true, nil
}

func (s stored) Watch(ctx context.Context, handle func([]shared.LineVersion)) {
	for {
		select {
		case <-ctx.Done():
			return
		case all := <-s.changes:
			handle(all)
		}
	}
}

// bench is Lines that follow a store, and what was logged and spoken.
type bench struct {
	*Lines
	store  stored
	log    *bytes.Buffer // read it only after the lines have stopped
	spoken chan []prompts.Text
	stop   func()
}

func newBench(t *testing.T, copyAt string) *bench {
	t.Helper()
	b := &bench{
		store: stored{make(chan []shared.LineVersion), make(chan shared.LineVersion, 100), &atomic.Bool{}, &atomic.Int32{}},
		log:   &bytes.Buffer{}, spoken: make(chan []prompts.Text, 10),
	}
	var err error
	b.Lines, err = New(Options{
		Parts: lines.Parts{Directory: nobody{}}, Copy: copyAt, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Speak: func(_ context.Context, texts []prompts.Text) error { b.spoken <- texts; return nil },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { b.Follow(ctx, b.store); done <- struct{}{} }()
	go func() { b.Render(ctx); done <- struct{}{} }()
	b.stop = func() { cancel(); <-done; <-done }
	return b
}

// change stores lines and waits until they are in force: the store takes the next change when the last is handled.
func (b *bench) change(all ...shared.LineVersion) {
	b.store.changes <- all
	b.store.changes <- all
}

func path(t *testing.T) string { return filepath.Join(t.TempDir(), "lines.json") }

func office(t *testing.T, version int) shared.LineVersion {
	t.Helper()
	text, err := lines.Example("office")
	require.NoError(t, err)
	return shared.LineVersion{Name: "office", Version: version, YAML: string(text), Author: "anna"}
}

func (b *bench) picks(number string) (name string, version int) {
	l := b.Pick(session.Call{Dialled: number})
	return l.Name, l.Version
}

func TestUntilTheStoreAnswersForTheFirstTimeCallersGoToAPerson(t *testing.T) {
	t.Parallel()
	b := newBench(t, path(t))
	defer b.stop()
	b.asksNothing(t, "5300")
	waiting, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, b.Await(waiting), context.DeadlineExceeded)
	b.change()
	assert.NoError(t, b.Await(t.Context()), "it has answered: there are none")
	assert.False(t, b.Unknown())
	line := b.Pick(session.Call{Dialled: "5300"})
	assert.Equal(t, "default", line.Name)
	assert.NotEmpty(t, line.Verify, "the built-in line")
}

// asksNothing requires that callers of a number go to a person without being asked.
func (b *bench) asksNothing(t *testing.T, number string) {
	t.Helper()
	require.True(t, b.Unknown())
	line := b.Pick(session.Call{Dialled: number})
	assert.Nil(t, line.ANI)
	assert.Empty(t, line.Verify)
	require.Len(t, line.Identify, 1)
	_, err := line.Identify[0].Run(t.Context(), nil)
	require.Error(t, err, "unavailable, and so to a person")
	agents := session.Destination{Extension: "agents", Dialplan: "XML", Context: "default"}
	assert.Equal(t, session.Routes{Verified: agents, Identified: agents, Unidentified: agents}, line.Routes)
}

func TestLinesFollowTheStore(t *testing.T) {
	t.Parallel()
	b := newBench(t, path(t))
	b.change(office(t, 1))
	name, version := b.picks("5300")
	assert.Equal(t, "office", name)
	assert.Equal(t, 1, version)
	assert.Equal(t, 1, b.Version("office"))
	said := prompts.Text{Language: "en", Text: "Please enter your post code, then press the hash key."}
	assert.Equal(t, []prompts.Text{said}, <-b.spoken)

	b.change(office(t, 2))
	_, version = b.picks("5300")
	assert.Equal(t, 2, version)

	b.change(shared.LineVersion{Name: "office", Version: 3, Removed: true})
	name, _ = b.picks("5300")
	assert.Equal(t, "default", name, "it was removed")
	assert.Zero(t, b.Version("office"))
	b.stop()
	assert.Contains(t, b.log.String(), "line removed")
}

func TestAVersionThatDoesNotCompileLeavesTheOneBeforeInForce(t *testing.T) {
	t.Parallel()
	b := newBench(t, path(t))
	b.change(office(t, 1))
	bad := shared.LineVersion{Name: "office", Version: 2, YAML: "format: 1\nline: office\n"}
	b.change(bad, shared.LineVersion{Name: "other", Version: 1, YAML: "nonsense"})
	_, version := b.picks("5300")
	assert.Equal(t, 1, version)
	assert.Len(t, b.All(), 1, "a new line that does not compile is not there")
	b.stop()
	assert.Contains(t, b.log.String(), "level=ERROR")
}

func TestTheLastLinesAreInForceAfterAStartWithoutTheStore(t *testing.T) {
	t.Parallel()
	at := path(t)
	first := newBench(t, at)
	first.change(office(t, 7))
	first.stop()
	info, err := os.Stat(at)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	second := newBench(t, at)
	name, version := second.picks("5300")
	assert.Equal(t, "office", name)
	assert.Equal(t, 7, version)
	second.stop()

	require.NoError(t, os.WriteFile(at, []byte("{half of"), 0o600))
	third := newBench(t, at)
	third.asksNothing(t, "5300") // a damaged copy is no reason not to start, nor to ask for less
	third.change()
	third.asksNothing(t, "5300")
	third.change(office(t, 8))
	_, version = third.picks("5300")
	assert.Equal(t, 8, version)
	third.stop()
	assert.Contains(t, third.log.String(), "damaged")
}

func TestALineThatSendsCodesWithoutAGatewayIsPointedOut(t *testing.T) {
	t.Parallel()
	text, err := lines.Example("bank")
	require.NoError(t, err)
	var log bytes.Buffer
	l, err := New(Options{
		Parts: lines.Parts{Directory: nobody{}, Sends: sends{}, Senders: lines.EveryWay(sender{}), Once: once{}},
		Copy:  path(t), Unset: map[event.Way]string{event.WaySMS: "sms.url"},
		Log: slog.New(slog.NewTextHandler(&log, nil)), Speak: func(context.Context, []prompts.Text) error { return nil },
	})
	require.NoError(t, err)
	l.put([]shared.LineVersion{{Name: "bank", Version: 1, YAML: string(text)}})
	assert.Contains(t, log.String(), "set sms.url")
	assert.Equal(t, 1, l.Version("bank"), "it is in force all the same")
}

type (
	sends  struct{ steps.Sends }
	sender struct{ steps.Sender }
	once   struct{ steps.Once }
)
