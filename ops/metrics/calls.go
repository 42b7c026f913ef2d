package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"countersign/session"
	"countersign/session/event"
)

// Buckets, in seconds (docs/metrics.md#buckets).
var (
	callBuckets     = []float64{5, 10, 20, 30, 45, 60, 90, 120, 180, 360}
	stepBuckets     = []float64{.1, .5, 1, 2.5, 5, 10, 20, 30, 60, 120}
	reactionBuckets = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}
)

// Bounds on what settings name: beyond them a name is "other".
const (
	mostLines = 1000
	mostSteps = 200
)

// calls counts calls by their events.
type calls struct {
	begun, ended, reasons, steps, codes, locks, lockedCalls *prometheus.CounterVec
	lost                                                    prometheus.Counter
	took, reaction                                          prometheus.Histogram
	stepTook                                                *prometheus.HistogramVec
	lines, stepNames                                        *names
}

func newCalls() *calls {
	return &calls{
		begun: counters("calls_begun_total", "Calls that reached us, by line.", "line"),
		ended: counters("calls_ended_total",
			"Calls that we are done with, by line, how our part ended, and the caller's status.",
			"line", "end", "status"),
		reasons: counters("calls_reason_total",
			"Calls that we are done with, by the reason for where they went.", "reason"),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "call_seconds", Help: "How long calls were with us.", Buckets: callBuckets,
		}),
		steps: counters("steps_total", "Steps of calls, by step and result.", "step", "result"),
		stepTook: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "step_seconds", Help: "How long steps took, with prompts and the caller's time.",
			Buckets: stepBuckets,
		}, []string{"step"}),
		codes:       counters("codes_total", "One-time codes, by way and what became of them.", "way", "state"),
		locks:       counters("locks_total", "Locks that a call caused, by what is locked.", "on"),
		lockedCalls: counters("locked_calls_total", "Calls that met a lock, by what is locked.", "on"),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "events_lost_total", Help: "Events that the journal refused, which are lost.",
		}),
		reaction: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "reaction_seconds",
			Help:    "From the end of a prompt or an entry at our socket to our next command.",
			Buckets: reactionBuckets,
		}),
		lines: newNames(mostLines), stepNames: newNames(mostSteps),
	}
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func (c *calls) all() []prometheus.Collector {
	return []prometheus.Collector{
		c.begun, c.ended, c.reasons, c.steps, c.codes, c.locks, c.lockedCalls, c.lost, c.took, c.reaction, c.stepTook,
	}
}

// Follow returns a journal that keeps what j keeps, and counts it.
func (m *Metrics) Follow(j session.Journal) session.Journal { return followed{j, m.calls} }

type followed struct {
	session.Journal
	calls *calls
}

// Append implements session.Journal.
func (f followed) Append(events ...event.Event) error {
	if err := f.Journal.Append(events...); err != nil {
		f.calls.lost.Add(float64(len(events)))
		return err
	}
	for _, e := range events {
		if e.Real() {
			f.calls.note(e)
		}
	}
	return nil
}

// Reacted counts a reaction of ours.
func (m *Metrics) Reacted(d time.Duration) { m.calls.reaction.Observe(d.Seconds()) }

func (c *calls) note(e event.Event) {
	switch d := e.Data.(type) {
	case event.CallStarted:
		c.begun.WithLabelValues(c.lines.of(e.Line)).Inc()
	case event.StepFinished:
		step := c.stepNames.of(d.Step)
		c.steps.WithLabelValues(step, string(d.Result)).Inc()
		c.stepTook.WithLabelValues(step).Observe(seconds(d.Milliseconds))
	case event.CodeSent:
		c.codes.WithLabelValues(string(d.Way), string(d.State)).Inc()
	case event.Locked:
		c.lockedCalls.WithLabelValues(string(d.On)).Inc()
		if d.Began {
			c.locks.WithLabelValues(string(d.On)).Inc()
		}
	case event.CallEnded:
		c.ended.WithLabelValues(c.lines.of(e.Line), string(d.End), string(d.Status)).Inc()
		c.reasons.WithLabelValues(string(d.Reason)).Inc()
		c.took.Observe(seconds(d.Milliseconds))
	}
}

func seconds(milliseconds int64) float64 { return float64(milliseconds) / 1000 }
