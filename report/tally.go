package report

import "slices"

// tally counts calls. A step-up and a call that came back are no calls of their own: they are in stepUps alone.
type tally struct {
	// These are kept as sums for longer than single calls are.
	calls, ani, identified, verified, failed, abandoned, optedOut, locked, unavailable, closed, stepUps int64
	// The rest is of the calls of which each one is still known. failedIdentified are those that failed of whom at least was known who they said they were; strong are
	// those verified at level 3.
	singleFailed, failedIdentified, singleVerified, strong int64
	// verdict is the time from the start to the verdict of all calls that got one, proof that of the verified ones.
	verdict, proof times
}

// sums are what is kept as sums, in the order of the views.
func (t *tally) sums() []any {
	return []any{
		&t.calls, &t.ani, &t.identified, &t.verified, &t.failed, &t.abandoned, &t.optedOut, &t.locked, &t.unavailable, &t.closed, &t.stepUps,
	}
}

func (t *tally) clearSums() {
	for _, n := range t.sums() {
		*n.(*int64) = 0
	}
}

func (t *tally) add(o *tally) {
	t.calls += o.calls
	t.ani += o.ani
	t.identified += o.identified
	t.verified += o.verified
	t.failed += o.failed
	t.abandoned += o.abandoned
	t.optedOut += o.optedOut
	t.locked += o.locked
	t.unavailable += o.unavailable
	t.closed += o.closed
	t.stepUps += o.stepUps
	t.singleFailed += o.singleFailed
	t.failedIdentified += o.failedIdentified
	t.singleVerified += o.singleVerified
	t.strong += o.strong
	t.verdict.add(o.verdict)
	t.proof.add(o.proof)
}

// times are durations, counted by tenths of a second: rounding keeps their order, so that a median of them is the median, rounded.
type times struct {
	n, ms  int64
	tenths map[int64]int64
}

func (t *times) put(tenth, n, ms int64) {
	if n == 0 {
		return
	}
	if t.tenths == nil {
		t.tenths = map[int64]int64{}
	}
	t.n += n
	t.ms += ms
	t.tenths[tenth] += n
}

func (t *times) add(o times) {
	if o.n == 0 {
		return
	}
	if t.tenths == nil {
		t.tenths = map[int64]int64{}
	}
	t.n += o.n
	t.ms += o.ms
	for tenth, n := range o.tenths {
		t.tenths[tenth] += n
	}
}

func (t *times) mean() any { return seconds(t.ms, t.n) }

// quantile is the smallest time that so many percent of all times do not exceed (nearest rank), or nil if there are none.
func (t *times) quantile(percent int64) any {
	if t.n == 0 {
		return nil
	}
	all := make([]int64, 0, len(t.tenths))
	for tenth := range t.tenths {
		all = append(all, tenth)
	}
	slices.Sort(all)
	rank, seen := (t.n*percent+99)/100, int64(0)
	for _, tenth := range all {
		if seen += t.tenths[tenth]; seen >= rank {
			return float64(tenth) / 10
		}
	}
	return float64(all[len(all)-1]) / 10
}
