package freeswitch_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/esl"
	"countersign/internal/retry"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pacesOfKeying are how often callers press a key; the fastest is two frames of a key and one between two keys.
var pacesOfKeying = []time.Duration{
	60 * time.Millisecond, 80 * time.Millisecond, 120 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond,
	600 * time.Millisecond,
}

// lookUpTimes are how long it takes to find out who has the account that was keyed.
var lookUpTimes = []time.Duration{
	0, 50 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second,
}

// TestNothingThatACallerKeysIsLost has callers key an account and, without a pause, their PIN, at every pace and with
// look-ups that take any time between the two. COUNTERSIGN_KEYED sets how many entries are keyed for each time of a
// look-up; 1000 takes about eight minutes.
func TestNothingThatACallerKeysIsLost(t *testing.T) {
	t.Parallel()
	entries := 2 * len(pacesOfKeying)
	if n, err := strconv.Atoi(os.Getenv("COUNTERSIGN_KEYED")); err == nil {
		entries = n
	}
	k := startKeyedAhead(t)
	for _, lookUp := range lookUpTimes {
		if entries > 2*len(pacesOfKeying) {
			k.run(t, lookUp, entries)
			continue
		}
		inParallel(t, scenario{lookUp.String(), func(t *testing.T) { k.run(t, lookUp, entries) }})
	}
}

// keyedAhead is a service that asks for account and PIN in turn, and compares them with what is keyed.
type keyedAhead struct {
	fs *freeSWITCH

	mu    sync.Mutex
	calls map[string]*keyedCall
	next  atomic.Int32

	dialling sync.Mutex
}

// keyedCall is a caller and the pair of entries that they key.
type keyedCall struct {
	lookUp  time.Duration
	arrived chan struct{}
	once    sync.Once
	got     chan [2]string
}

func startKeyedAhead(t *testing.T) *keyedAhead {
	t.Helper()
	k := &keyedAhead{fs: startFreeSWITCH(t, options{}), calls: map[string]*keyedCall{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esl.NewServer(k.answer, esl.Options{})
	go func() { _ = server.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), hangUpWithin)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	k.fs.Set(t, "countersign_socket", l.Addr().String())
	return k
}

// answer asks until the caller hangs up.
func (k *keyedAhead) answer(ctx context.Context, call session.Call, ch session.Channel) {
	k.mu.Lock()
	c := k.calls[call.Caller]
	k.mu.Unlock()
	c.once.Do(func() { close(c.arrived) })
	ask := func(least, most int) (string, error) {
		e, err := ch.Collect(ctx, session.Collect{
			Files: []string{"silence_stream://2000"}, Min: least, Max: most,
			FirstDigit: 20 * time.Second, InterDigit: 10 * time.Second, OptOut: '*',
		})
		return fmt.Sprintf("%s %s", e.Class, e.Digits.Reveal()), err
	}
	for {
		account, err := ask(6, 10)
		if err != nil {
			return
		}
		if c.lookedUp(ctx, ch) != nil {
			return
		}
		pin, err := ask(4, 6)
		if err != nil {
			return
		}
		select {
		case c.got <- [2]string{account, pin}:
		case <-ctx.Done():
			return
		}
	}
}

// lookedUp takes as long as the look-up: that is the input. Who waits for more than a second is told so.
func (c *keyedCall) lookedUp(ctx context.Context, ch session.Channel) error {
	left := c.lookUp
	if left > time.Second {
		left -= time.Second
		if err := retry.Pause(ctx, time.Second); err != nil {
			return err
		}
		if err := ch.Fill(ctx, []string{"tone_stream://%(400,0,440)"}); err != nil {
			return err
		}
	}
	return retry.Pause(ctx, left)
}

// run keys that many entries, with a few callers for each pace, and counts those that did not arrive as they were
// keyed.
func (k *keyedAhead) run(t *testing.T, lookUp time.Duration, entries int) {
	const pairs = 5 // in less than talkAtMost, however slowly they are keyed
	callers := max(entries/2/pairs, len(pacesOfKeying))
	var lost, keyed atomic.Int32
	var all sync.WaitGroup
	slots := make(chan struct{}, 48)
	for i := range callers {
		all.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; all.Done() }()
			k.caller(t, lookUp, pacesOfKeying[i%len(pacesOfKeying)], max(1, entries/2/callers), &keyed, &lost)
		}()
	}
	all.Wait()
	assert.Zero(t, lost.Load(), "entries that were lost or split, with a look-up of %s", lookUp)
	t.Logf("look-up of %s: %d entries keyed, %d lost or split", lookUp, keyed.Load(), lost.Load())
}

func (k *keyedAhead) caller(
	t *testing.T, lookUp, pace time.Duration, pairs int, keyed, lost *atomic.Int32,
) {
	number := fmt.Sprintf("+1555%07d", k.next.Add(1))
	kc := &keyedCall{lookUp: lookUp, arrived: make(chan struct{}), got: make(chan [2]string, 1)}
	k.mu.Lock()
	k.calls[number] = kc
	k.mu.Unlock()
	c := k.dials(t, number, kc)
	if c == nil {
		return
	}
	c.phone.pace(pace)
	for range pairs {
		account, pin := someDigits(6+rand.IntN(4)), someDigits(4+rand.IntN(3))
		keys := account + "#" + pin
		if len(pin) < 6 { // the last possible digit ends the entry
			keys += "#"
		}
		c.Press(keys)
		want := [2]string{"input " + account, "input " + pin}
		select {
		case got := <-kc.got:
			keyed.Add(2)
			for i := range want {
				if got[i] != want[i] {
					lost.Add(1)
					t.Errorf("a key each %s, look-up of %s: keyed %q, got %q", pace, lookUp, want[i], got[i])
				}
			}
		case <-time.After(time.Minute + lookUp):
			lost.Add(2)
			t.Errorf("a key each %s, look-up of %s: keyed %q, got nothing", pace, lookUp, want)
			return
		}
	}
	c.HangUp()
}

// dials calls one after the other: FreeSWITCH refuses more than 30 new calls a second. It returns nil if the call does
// not arrive.
func (k *keyedAhead) dials(t *testing.T, number string, kc *keyedCall) *call {
	k.dialling.Lock()
	defer k.dialling.Unlock()
	for range 3 { // SIPp may find its port taken
		c := callWithSIPp(t, k.fs, dial{From: number})
		select {
		case <-kc.arrived:
			return c
		case <-c.over:
		case <-time.After(answerWithin):
		}
		c.HangUp()
	}
	t.Errorf("the call of %s did not arrive", number)
	return nil
}

func someDigits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + rand.IntN(10))
	}
	return string(b)
}
