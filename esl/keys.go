package esl

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"countersign/session"
)

// holdLinks is how many keys one holder takes; holders is how many holders of a call may run one inside the other.
// FreeSWITCH stacks at most 16 applications, and each holder takes two places.
const (
	holdLinks  = 24
	holders    = 4
	holdMargin = 8 // with fewer links left, another holder is started
)

// heldKey is the variable that has the key of one link.
const heldKey = "cs_key"

// hold starts a holder: a chain of silent questions for one key each, sent without event-lock, so that FreeSWITCH runs
// everything else inside it. Between our applications the call is therefore never parked, where FreeSWITCH would drop
// keys: the holder takes them, and each comes to us in the completion of its link (docs/freeswitch.md#type-ahead).
var hold = constant("execute_extension", "'m:~:"+
	strings.Repeat("read:1 1 silence_stream://300000 "+heldKey+" 1000 none~", holdLinks)+"unset:"+heldKey+"' inline")

// keysAhead are the keys that the caller has pressed and nothing has asked for yet, in their order. The reader adds to
// them, the call's goroutine takes from them. They may be a secret: what is taken is overwritten.
type keysAhead struct {
	mu    sync.Mutex
	keys  []byte    // of a fixed array, so that no copy is left behind when it grows
	last  time.Time // of the last key, by FreeSWITCH's clock
	came  time.Time // of the last key, by ours
	left  int       // links of the holders that wait for a key
	holds int       // holders started

	pressed chan struct{} // has an element when a key has come
}

// maxAhead bounds the keys that are kept, as FreeSWITCH bounds an entry.
const maxAhead = 128

func newKeysAhead() *keysAhead {
	return &keysAhead{
		keys: make([]byte, 0, maxAhead), left: holdLinks, holds: 1, pressed: make(chan struct{}, 1),
	}
}

// put adds keys that were pressed at a time of FreeSWITCH's clock. The caller wipes b.
func (k *keysAhead) put(b []byte, at time.Time) {
	if len(b) == 0 {
		return
	}
	k.mu.Lock()
	k.keys = append(k.keys, b[:min(len(b), maxAhead-len(k.keys))]...)
	k.touch(at)
	k.mu.Unlock()
	select {
	case k.pressed <- struct{}{}:
	default:
	}
}

// touch notes when the last key was pressed.
func (k *keysAhead) touch(at time.Time) { k.last, k.came = at, time.Now() }

// link notes that a link of a holder has ended, with a key or, after its silence, without.
func (k *keysAhead) link(b []byte, at time.Time) {
	k.mu.Lock()
	k.left--
	k.mu.Unlock()
	k.put(b, at)
}

// another says whether it is time for another holder, and counts it.
func (k *keysAhead) another() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left >= holdMargin || k.holds == holders {
		return false
	}
	k.left += holdLinks
	k.holds++
	return true
}

// count is the number of keys that are there.
func (k *keysAhead) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys)
}

// entry takes an entry that is complete; ok is false if it is not, and then nothing is taken.
func (k *keysAhead) entry(q session.Collect) (e session.Entry, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.take(q)
}

// take is entry without the lock.
func (k *keysAhead) take(q session.Collect) (e session.Entry, ok bool) {
	for i, key := range k.keys {
		switch {
		case q.OptOut != 0 && key == q.OptOut:
			e = session.Entry{Class: session.OptedOut, Keyed: i}
		case key == '#':
			e = k.made(q, i)
			e.Terminated = true
		case i+1 == q.Max:
			e = k.made(q, i+1)
			k.remove(i + 1)
			return e, true
		default:
			continue
		}
		k.remove(i + 1)
		return e, true
	}
	return session.Entry{}, false
}

// rest takes all keys as an entry that the caller did not complete.
func (k *keysAhead) rest(q session.Collect) session.Entry {
	e := k.made(q, len(k.keys))
	k.remove(len(k.keys))
	return e
}

// made is an entry of the first n keys, by the truth table of docs/freeswitch.md#truth-table.
func (k *keysAhead) made(q session.Collect, n int) session.Entry {
	e := session.Entry{Class: session.NoMatch, Keyed: n}
	if n >= q.Min {
		e.Class, e.Digits = session.Input, session.NewSecret(append([]byte(nil), k.keys[:n]...))
	}
	return e
}

// remove forgets the first n keys.
func (k *keysAhead) remove(n int) {
	kept := copy(k.keys, k.keys[n:])
	clear(k.keys[kept:])
	k.keys = k.keys[:kept]
}

// drop forgets all keys, and says how many there were and whether key was one of them.
func (k *keysAhead) drop(key byte) (dropped int, among bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.keys {
		among = among || key != 0 && b == key
	}
	dropped = len(k.keys)
	k.remove(dropped)
	select {
	case <-k.pressed:
	default:
	}
	return dropped, among
}

// times are when the last key was pressed, by FreeSWITCH's clock and by ours.
func (k *keysAhead) times() (last, came time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last, k.came
}

const (
	// pause is the silence that separates what a caller keys in one go from what they key next
	// (docs/policy.md#type-ahead).
	pause = 1500 * time.Millisecond
	// longestRun bounds how long the end of keys in one go is waited for. It must be shorter than silenceAtMost.
	longestRun = 10 * time.Second
)

// discard forgets what the caller has keyed behind a refused entry, up to their next pause. Meanwhile it plays files,
// which tell them that it was refused; a key in the same go stops them, and they are played again after the pause.
// optedOut says that the opt-out key was pressed. A key after a pause is an answer and stays.
func (ch *channel) discard(ctx context.Context, files []string, optOut byte) (optedOut bool, err error) {
	k := ch.c.keys
	for end := time.Now().Add(longestRun); ; {
		optedOut, err := ch.awaitPause(ctx, optOut, end)
		if optedOut || err != nil || len(files) == 0 {
			return optedOut, err
		}
		before, _ := k.times()
		if err := ch.Fill(ctx, files); err != nil {
			return false, err
		}
		if after, _ := k.times(); after.Equal(before) || after.Sub(before) >= pause || time.Now().After(end) {
			return false, nil
		}
	}
}

// awaitPause drops keys until none has come for a pause.
func (ch *channel) awaitPause(ctx context.Context, optOut byte, end time.Time) (optedOut bool, err error) {
	k := ch.c.keys
	for keying := false; ; {
		dropped, optedOut := k.drop(optOut)
		keying = keying || dropped > 0
		_, came := k.times()
		wait := min(pause-time.Since(came), time.Until(end))
		if optedOut || !keying || wait <= 0 {
			return optedOut, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-k.pressed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, context.Cause(ctx)
		}
		timer.Stop()
	}
}

// eventTime reads an event's time in microseconds.
func eventTime(v []byte) time.Time {
	us, _ := strconv.ParseInt(string(v), 10, 64)
	return time.UnixMicro(us)
}
