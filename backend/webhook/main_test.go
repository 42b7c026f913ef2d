package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
	"countersign/internal/retry"
	"countersign/session/event"
	"countersign/session/shared"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fakeStream is a Stream in memory.
type fakeStream struct {
	mu      sync.Mutex
	events  []event.Event
	erased  map[uint64]bool
	changed chan struct{}
}

func newStream() *fakeStream {
	return &fakeStream{erased: map[uint64]bool{}, changed: make(chan struct{})}
}

func placeOf(n int) event.Place {
	return event.Place{Sequence: uint64(n), Created: time.Unix(0, 0).UTC()}
}

// add adds the next event of each call.
func (s *fakeStream) add(calls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, call := range calls {
		seq := 1
		for _, e := range s.events {
			if e.Call == call {
				seq++
			}
		}
		s.events = append(s.events, event.Event{
			ID: event.ID(call, seq), Source: "/countersign/a", Time: time.Now(), Call: call, Seq: seq, Line: "retail",
			Data: event.Identified{Customer: "C-1", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1},
		})
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *fakeStream) End(context.Context) (event.Place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return placeOf(len(s.events)), nil
}

func (s *fakeStream) At(_ context.Context, at event.Place) (event.Event, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.erased[at.Sequence] {
		return event.Event{}, false, nil
	}
	return s.events[at.Sequence-1], true, nil
}

// Follow, like NATS, hands over what has come already even if ctx ends meanwhile.
func (s *fakeStream) Follow(ctx context.Context, after event.Place, handle func(event.Place, event.Event)) {
	for n := int(after.Sequence); ; n++ {
		s.mu.Lock()
		for n >= len(s.events) {
			changed := s.changed
			s.mu.Unlock()
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			s.mu.Lock()
		}
		e, erased := s.events[n], s.erased[uint64(n+1)]
		s.mu.Unlock()
		if !erased {
			handle(placeOf(n+1), e)
		}
	}
}

// fakeHook is a system that notes what it gets.
type fakeHook struct {
	mu    sync.Mutex
	got   []string
	tried int
	times []time.Time
	// under counts the requests under way of each call; overlaps are calls that had two at once.
	under    map[string]int
	overlaps []string
	// refuses says what it does not take. takes is how long one request takes.
	refuses func(e event.Event) bool
	takes   time.Duration
}

func (h *fakeHook) Name() string             { return "crm" }
func (h *fakeHook) Wants(e event.Event) bool { return e.Call != "unwanted" }

func (h *fakeHook) Deliver(ctx context.Context, e event.Event) error {
	h.begin(e.Call)
	err := retry.Pause(ctx, h.takes) // in the time of a synctest
	h.mu.Lock()
	defer h.mu.Unlock()
	h.under[e.Call]--
	if h.takes > 0 && err != nil {
		return err
	}
	h.tried++
	h.times = append(h.times, time.Now())
	if h.refuses != nil && h.refuses(e) {
		return errors.New("status 503")
	}
	h.got = append(h.got, e.ID)
	return nil
}

func (h *fakeHook) begin(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.under == nil {
		h.under = map[string]int{}
	}
	if h.under[call]++; h.under[call] > 1 {
		h.overlaps = append(h.overlaps, call)
	}
}

func (h *fakeHook) refuse(what func(event.Event) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuses = what
}

func (h *fakeHook) received() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

// site is a company with machines that deliver to one webhook. It runs in a synctest bubble.
type site struct {
	t      *testing.T
	store  *shared.Memory
	stream *fakeStream
	hook   *fakeHook
	log    *lockedBuffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{t: t, store: shared.NewMemory(), stream: newStream(), hook: &fakeHook{}, log: &lockedBuffer{}}
}

// machine starts a machine. stop ends it in order.
func (s *site) machine() (stop func()) { return s.machineOn(s.store) }

func (s *site) machineOn(store shared.Store) (stop func()) {
	d := NewDelivery(store, s.stream, nil, slog.New(slog.NewTextHandler(s.log, nil)), time.Now)
	d.hooks = []deliverer{s.hook}
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	s.t.Cleanup(stop)
	synctest.Wait()
	return stop
}

func (s *site) pass(d time.Duration) {
	time.Sleep(d) // in the time of the bubble
	synctest.Wait()
}

func (s *site) status() Status {
	s.t.Helper()
	end, _ := s.stream.End(s.t.Context())
	status, err := Ask(s.t.Context(), s.store, "crm", end)
	require.NoError(s.t, err)
	return status
}

// ofCall are the events of one call among those received.
func ofCall(got []string, call string) (ids []string) {
	for _, id := range got {
		if strings.HasPrefix(id, call+".") {
			ids = append(ids, id)
		}
	}
	return ids
}

func idsOf(call string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s.%d", call, i+1))
	}
	return ids
}

// hanging is a store that is not well from a moment on.
type hanging struct {
	shared.Store
	mu sync.Mutex
	// read and write come before each operation.
	read, write func(ctx context.Context) error
}

// kill fails all, as for a machine that was killed.
func (h *hanging) kill() {
	fails := func(context.Context) error { return errors.New("killed") }
	h.fall(fails, fails)
}

func (h *hanging) fall(read, write func(ctx context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read, h.write = read, write
}

func (h *hanging) before(ctx context.Context, writes bool) error {
	h.mu.Lock()
	what := h.read
	if writes {
		what = h.write
	}
	h.mu.Unlock()
	if what == nil {
		return nil
	}
	return what(ctx)
}

func (h *hanging) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if err := h.before(ctx, false); err != nil {
		return nil, 0, err
	}
	return h.Store.Get(ctx, key)
}

func (h *hanging) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	if err := h.before(ctx, true); err != nil {
		return 0, err
	}
	return h.Store.Create(ctx, key, value, keep)
}

func (h *hanging) Update(
	ctx context.Context, key string, value []byte, revision uint64, keep time.Duration,
) (uint64, error) {
	if err := h.before(ctx, true); err != nil {
		return 0, err
	}
	return h.Store.Update(ctx, key, value, revision, keep)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}
