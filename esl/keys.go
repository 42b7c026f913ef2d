package esl

import (
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
var hold = holder("")

// answerAndHold answers the call in front of the chain, so that a caller cannot press a key before it has begun: from
// one command to the next a busy FreeSWITCH may take a second, and parks meanwhile.
var answerAndHold = holder("answer~")

func holder(first string) string {
	return constant("execute_extension", "'m:~:"+first+
		strings.Repeat("read:1 1 silence_stream://300000 "+heldKey+" 1000 none~", holdLinks)+"unset:"+heldKey+"' inline")
}

// keysAhead are the keys that the caller has pressed and nothing has asked for yet, in their order. The reader adds to
// them, the call's goroutine takes from them. They may be a secret: what is taken is overwritten.
type keysAhead struct {
	mu    sync.Mutex
	keys  []byte    // of a fixed array, so that no copy is left behind when it grows
	last  time.Time // of the last key, by FreeSWITCH's clock
	came  time.Time // of the last key, by ours
	left  int       // links of the holders that wait for a key
	holds int       // holders started
	// double is the time within which the same key again is the trunk's doing; 0 if never. Set before the first question.
	// kept is when each key came last; nil if double is 0.
	double time.Duration
	kept   map[byte]time.Time

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
	if k.isDouble(b, at) {
		k.mu.Unlock()
		return
	}
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

// finish takes an entry, or what there is of one that the caller did not complete.
func (k *keysAhead) finish(q session.Collect) session.Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, complete := k.take(q); complete {
		return e
	}
	if len(k.keys) == 0 {
		return session.Entry{}
	}
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

// eventTime reads an event's time in microseconds.
func eventTime(v []byte) time.Time {
	us, _ := strconv.ParseInt(string(v), 10, 64)
	return time.UnixMicro(us)
}
