package reports

import (
	"maps"
	"slices"

	"countersign/session/event"
)

// callKind is everything that tells calls apart, except for their time: a row of the view kinds. A kind that is not
// counted is a step-up or a call that came back.
type callKind struct {
	line                                                                             string
	counted, locked, decided                                                         bool
	identifiedBy, verdict, methods, failedReason, failedStep, status, reason, ending string
	level                                                                            int64
}

// which picks kinds of calls.
type which func(*callKind) bool

func calls(k *callKind) bool      { return k.counted }
func ani(k *callKind) bool        { return k.identifiedBy == string(event.MethodANI) }
func identified(k *callKind) bool { return k.identifiedBy != "" }
func verified(k *callKind) bool   { return k.verdict == string(event.FactVerified) }
func failed(k *callKind) bool     { return k.verdict == string(event.FactFailed) }
func none(*callKind) bool         { return false }

// tally counts calls by kind, and the times of those that are timed.
type tally struct {
	kinds []*callKind
	calls []int64 // per kind
	times times
}

func newTally(kinds []*callKind) *tally {
	return &tally{kinds: kinds, calls: make([]int64, len(kinds))}
}

// count is the number of calls of the picked kinds.
func (t *tally) count(of which) (n int64) {
	for i, k := range t.kinds {
		if t.calls[i] > 0 && of(k) {
			n += t.calls[i]
		}
	}
	return n
}

// mostTenths is the longest time counted in a slice: longer than a call may take.
const mostTenths = 10 * 60 * 15

// times are durations, counted by tenths of a second. Rounding keeps their order, so their median is the median,
// rounded.
type times struct {
	n, ms  int64
	tenths []int64
	others map[int64]int64 // what is below 0 or above mostTenths
}

func (t *times) put(ms int64) {
	t.n++
	t.ms += ms
	t.count((ms+50)/100, 1)
}

func (t *times) count(tenth, n int64) {
	switch {
	case tenth >= 0 && tenth < int64(len(t.tenths)):
		t.tenths[tenth] += n
	case tenth >= 0 && tenth < mostTenths:
		// in large steps: times come in no order
		t.tenths = append(t.tenths, make([]int64, (tenth|1023)+1-int64(len(t.tenths)))...)
		t.tenths[tenth] += n
	case t.others == nil:
		t.others = map[int64]int64{tenth: n}
	default:
		t.others[tenth] += n
	}
}

func (t *times) add(o *times) {
	t.n += o.n
	t.ms += o.ms
	for tenth, n := range o.tenths {
		if n > 0 {
			t.count(int64(tenth), n)
		}
	}
	for tenth, n := range o.others {
		t.count(tenth, n)
	}
}

func (t *times) mean() any { return seconds(t.ms, t.n) }

// quantile is the smallest time that this percentage of all times does not exceed (nearest rank), or nil without times.
func (t *times) quantile(percent int64) any {
	if t.n == 0 {
		return nil
	}
	rank, seen := (t.n*percent+99)/100, int64(0)
	others := slices.Sorted(maps.Keys(t.others))
	below, _ := slices.BinarySearch(others, 0)
	for _, tenth := range others[:below] {
		if seen += t.others[tenth]; seen >= rank {
			return float64(tenth) / 10
		}
	}
	for tenth, n := range t.tenths {
		if seen += n; seen >= rank {
			return float64(tenth) / 10
		}
	}
	for _, tenth := range others[below:] {
		if seen += t.others[tenth]; seen >= rank {
			return float64(tenth) / 10
		}
	}
	return nil
}
