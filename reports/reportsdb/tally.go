package reportsdb

import (
	"context"
	"database/sql"
	"strings"

	"countersign/session/event"
)

// Widths of the sums, in milliseconds. Every time zone is a whole number of quarter hours away from UTC.
const (
	dayWidth     = 86_400_000
	quarterWidth = 900_000
)

// bucket is the start of the stretch that contains a time.
func bucket(ms, width int64) int64 { return ms - ((ms%width)+width)%width }

// Calls are summed up twice. kind_days tells them apart by everything but their time, which our reports need for
// medians, methods and reasons. tallies is what the views daily and quarter_hours show to analysts. It cannot be a view
// of kind_days, which does not have the length of calls (ms); and of 100,000 calls a year, daily takes 12 times as long
// from there (1 and 11 ms), and 200 times as long from the calls themselves.

const tallyColumns = "calls, identified_by_ani, identified, verified, failed, none, abandoned, opted_out, locked, " +
	"unavailable, closed, step_ups, ms, verify_ms, answered, agent_missed, gave_up, agent_wait_ms, talk_ms"

// tallyCounts are in the order of tallyColumns.
type tallyCounts [19]int64

// Indices in tallyCounts of numbers that are not a yes or no about a call of its own.
const (
	tallyStepUps = iota + 11
	tallyMs
	tallyVerifyMs
	tallyAnswered
	tallyAgentMissed
	tallyGaveUp
	tallyAgentWaitMs
	tallyTalkMs
)

type tallyKey struct {
	width, started int64
	line           string
}

// tallyOf is what a call adds to the tallies. A step-up or a call that came back is only a step-up.
func tallyOf(c *reportedCall) (t tallyCounts) {
	if !c.counted() {
		t[tallyStepUps] = 1
		return t
	}
	for i, is := range [tallyStepUps]bool{
		true,
		c.identifiedBy.String == string(event.MethodANI),
		c.identifiedBy.Valid,
		c.verdict == event.FactVerified,
		c.verdict == event.FactFailed,
		c.status == string(event.StatusNone),
		c.end.String == string(event.EndAbandoned),
		c.reason.String == string(event.ReasonOptedOut),
		c.locked,
		c.reason.String == string(event.ReasonUnavailable),
		c.reason.String == string(event.ReasonClosed),
	} {
		if is {
			t[i] = 1
		}
	}
	t[tallyMs] = c.ms.Int64
	if c.decided.Valid {
		t[tallyVerifyMs] = c.decided.Int64 - c.started
	}
	return t
}

const questionColumns = "asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms, spoken, slow"

// questionCounts are in the order of questionColumns.
type questionCounts [11]int64

type questionKey struct {
	width, started int64
	line, step     string
	attempt        int
}

// Indices in questionCounts that an attempt adds to whatever its result.
const (
	questionAsked  = 0
	questionMs     = 8
	questionSpoken = 9
	questionSlow   = 10
)

// questionAt is the index in questionCounts of an attempt's result. A served attempt is only counted as asked.
var questionAt = map[event.AttemptResult]int{
	event.AttemptAccepted: 1, event.AttemptRejected: 2, event.AttemptNoInput: 3, event.AttemptNoMatch: 4,
	event.AttemptOptedOut: 5, event.AttemptAbandoned: 6, event.AttemptError: 7,
}

const stepColumns = "steps, passed, positions, ms"

// stepCounts are in the order of stepColumns.
type stepCounts [4]int64

// Indices in stepCounts.
const (
	stepSteps = iota
	stepPassed
	stepPositions
	stepMs
)

type stepKey struct {
	width, started int64
	line, step     string
}

// sums are additions to the tables of sums.
type sums struct {
	tallies   map[tallyKey]*tallyCounts
	questions map[questionKey]*questionCounts
	steps     map[stepKey]*stepCounts
	kinds     map[kindKey]map[int64]int
}

func newSums() *sums {
	return &sums{
		tallies: map[tallyKey]*tallyCounts{}, questions: map[questionKey]*questionCounts{}, steps: map[stepKey]*stepCounts{},
		kinds: map[kindKey]map[int64]int{},
	}
}

// add adds a call with sign 1, and takes it away with -1.
func (s *sums) add(c *reportedCall, sign int64) {
	if c == nil || c.test {
		return
	}
	t := tallyOf(c)
	for _, width := range []int64{dayWidth, quarterWidth} {
		started := bucket(c.started, width)
		to := at(s.tallies, tallyKey{width, started, c.line})
		for i := range t {
			to[i] += sign * t[i]
		}
		for i, step := range c.steps {
			s.addStep(stepKey{width, started, c.line, step.step}, step, int64(i+1), sign)
		}
	}
	s.addKind(c, int(sign))
}

func (s *sums) addStep(key stepKey, step reportedStep, position, sign int64) {
	to := at(s.steps, key)
	to[stepSteps] += sign
	if step.result.String == string(event.StepPassed) {
		to[stepPassed] += sign
	}
	to[stepPositions] += sign * position
	to[stepMs] += sign * step.ms.Int64
	for i, a := range step.attempts {
		to := at(s.questions, questionKey{key.width, key.started, key.line, key.step, step.asked + i + 1})
		to[questionAsked] += sign
		if result, ok := questionAt[a.Result]; ok {
			to[result] += sign
		}
		to[questionMs] += sign * a.Milliseconds
		if a.Spoken {
			to[questionSpoken] += sign
		}
		if a.Slow {
			to[questionSlow] += sign
		}
	}
}

func at[K comparable, V any](m map[K]*V, key K) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}

var (
	upsertTally    = upsert("tallies", "width, started, line", tallyColumns)
	upsertQuestion = upsert("questions", "width, started, line, step, attempt", questionColumns)
	upsertStep     = upsert("step_tallies", "width, started, line, step", stepColumns)
)

// upsert adds to the columns of a row, and creates it if needed.
func upsert(table, key, columns string) string {
	var add []string
	for _, c := range strings.Split(columns, ", ") {
		add = append(add, c+" = "+c+" + excluded."+c)
	}
	return "INSERT INTO " + table + " (" + key + ", " + columns + ") VALUES (" +
		marks(strings.Count(key+", "+columns, ",")+1) +
		") ON CONFLICT DO UPDATE SET " + strings.Join(add, ", ")
}

// write adds the sums to the tables. It returns the numbers of kinds that were new; they are valid once tx is
// committed.
func (s *sums) write(ctx context.Context, tx *sql.Tx, numbers *kindNumbers) (found map[callKind]int64, err error) {
	for key, counts := range s.tallies {
		if err := addTo(ctx, tx, upsertTally, []any{key.width, key.started, key.line}, counts[:]); err != nil {
			return nil, err
		}
	}
	for key, counts := range s.questions {
		if err := addTo(ctx, tx, upsertQuestion, []any{
			key.width, key.started, key.line, key.step, key.attempt,
		}, counts[:]); err != nil {
			return nil, err
		}
	}
	for key, counts := range s.steps {
		if err := addTo(ctx, tx, upsertStep, []any{key.width, key.started, key.line, key.step}, counts[:]); err != nil {
			return nil, err
		}
	}
	return s.writeKinds(ctx, tx, numbers)
}

func addTo(ctx context.Context, tx *sql.Tx, statement string, args []any, counts []int64) error {
	empty := true
	for _, n := range counts {
		empty = empty && n == 0
		args = append(args, n)
	}
	if empty {
		return nil
	}
	_, err := tx.ExecContext(ctx, statement, args...)
	return err
}
