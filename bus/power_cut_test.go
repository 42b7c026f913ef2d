package bus_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/crashtest"
	"countersign/internal/powercut"
	"countersign/session/shared"
)

// A power cut takes what the kernel has not written yet. Nothing of it may have been confirmed: neither an event, whose
// entry in the outbox is gone by then, nor an attempt.
func TestWhatWasConfirmedOutlivesAPowerCut(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r, disk := rand.New(rand.NewPCG(seed, 0)), powercut.New(t)
	folder, values, marked := filepath.Join(disk.Dir, "nats"), map[string]int{}, map[string]int64{}
	for round := range 3 {
		name := fmt.Sprint("round", round)
		confirmed := crashtest.KillAfter(t, 500+r.IntN(1500), "power", folder, strings.NewReader(name+"\n"))
		for _, line := range confirmed {
			what, key, n := "", "", 0
			_, err := fmt.Sscan(line, &what, &key, &n)
			require.NoError(t, err, line)
			if what == "attempt" {
				values[key] = n
			} else {
				marked[key] = int64(n)
			}
		}
		require.Contains(t, marked, name)
		disk.Cut(r)
		checkConfirmed(t, folder, values, marked)
	}
}

func checkConfirmed(t *testing.T, folder string, values map[string]int, marked map[string]int64) {
	t.Helper()
	nats := embeddedIn(t, folder, freeAddress(t))
	defer nats.Shutdown()
	js := on(t, nats.Endpoint())
	seen := map[string]int64{}
	for _, id := range inStream(t, js) {
		name, number, _ := strings.Cut(id, ".")
		n, err := strconv.ParseInt(number, 10, 64)
		require.NoError(t, err)
		require.Equal(t, seen[name]+1, n, "%s: the events of a call are there once, in order", name)
		seen[name] = n
	}
	for name, n := range marked {
		assert.GreaterOrEqual(t, seen[name], n, "%s: what left the outbox is in the stream", name)
	}
	s := state(t, nats.Endpoint(), bus.StateOptions{})
	defer s.Close()
	guard := ready(t, s).Guard()
	lost := 0
	for key, n := range values {
		value, _, err := guard.Get(t.Context(), key)
		if got, _ := strconv.Atoi(string(value)); err != nil || got < n {
			lost++
			t.Logf("%s: %q, %v; %d was confirmed", key, value, err, n)
		}
	}
	assert.Zero(t, lost, "of %d attempts", len(values))
	events, _ := batches(t, nats)
	assert.Positive(t, events, "some came in batches")
	assert.Positive(t, inBatches(t, nats.Endpoint()), "some attempts came in batches")
}

// confirmUntilKilled publishes events and writes attempts to an embedded NATS, and prints what it confirms.
func confirmUntilKilled(folder string) error {
	name, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: folder, Listen: "127.0.0.1:0", Log: discard()})
	if err != nil {
		return err
	}
	state, err := bus.OpenState(nats.Endpoint(), bus.StateOptions{Within: patience, Log: discard()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := state.Ready(ctx); err != nil {
		return err
	}
	lines := make(chan string)
	for i := range 64 {
		go func() {
			key := fmt.Sprint("customer.", name, "-", i)
			for n := 1; ; n++ {
				if _, err := state.Guard().Put(ctx, key, []byte(strconv.Itoa(n)), shared.ByDefault); err != nil {
					lines <- err.Error()
					return
				}
				lines <- fmt.Sprint("attempt ", key, " ", n)
			}
		}()
	}
	box := newOutbox()
	box.before(func(upTo int64) error {
		lines <- fmt.Sprint("events ", name, " ", upTo)
		return nil
	})
	go bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{}, discard()).Run(ctx)
	go func() {
		for n := 1; ; n += 100 {
			some := make([]bus.Entry, 100)
			for i := range some {
				some[i] = bus.Entry{
					ID: fmt.Sprint(name, ".", n+i), Subject: "countersign.v1.bank.step_completed", Body: []byte(`{}`), Time: time.Now(),
				}
			}
			box.add(some...)
			for box.published() < int64(n+99)-200 { // some wait always
				time.Sleep(time.Millisecond)
			}
		}
	}()
	for line := range lines {
		fmt.Println(line)
	}
	return nil
}
