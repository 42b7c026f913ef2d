package bench

import (
	"fmt"
	"time"
)

// Limit is what gives way first, and what to do about it.
type Limit struct {
	// Name is one of those below.
	Name   string `json:"name"`
	What   string `json:"what"`
	Advice string `json:"advice"`
}

// Names of limits, for programs.
const (
	limitNone      = "none"
	limitGenerator = "generator"
	limitOthers    = "others"
	limitMachine   = "machine"
	limitCalls     = "calls"
	limitHash      = "hash"
	limitDisk      = "disk"
	limitUnknown   = "unknown"
)

// bent are the limits that a step broke, in words.
func (l Limits) bent(s Step) (bent []string) {
	if failed := s.Failed(); failed >= l.Failed && failed > 0 {
		bent = append(bent, fmt.Sprintf("%d of %d callers were not verified", s.Calls-s.Verified, s.Calls))
	}
	if limit := milliseconds(l.Reaction); s.Reaction.P99 > limit {
		bent = append(bent, fmt.Sprintf("reaction p99 %.0f ms is over %.0f ms", s.Reaction.P99, limit))
	}
	if s.Behind > l.Behind.Seconds() {
		bent = append(bent, fmt.Sprintf("events are %.0f s behind", s.Behind))
	}
	if s.PiledUp {
		bent = append(bent, fmt.Sprintf("%d calls at once: they pile up", s.AtOnce))
	}
	return bent
}

// Shares of the machine above which it counts as full, and at which a generator alone is the limit.
const (
	full     = 0.85
	halfFull = 0.5
	// othersTake is the share of everything else at which a machine cannot be measured.
	othersTake = 0.25
	// lateBy is how late a generator may be, as a share of the limit of reactions.
	lateBy = 0.25
	// slowCommit is a transaction that a disk makes wait.
	slowCommit = 50
)

// firstLimit reads the step with the lowest rate that did not hold.
func firstLimit(steps []Step, o Options) Limit {
	var s *Step
	for i := range steps {
		if len(steps[i].Bent) > 0 && (s == nil || steps[i].Rate < s.Rate) {
			s = &steps[i]
		}
	}
	if s == nil {
		return Limit{
			limitNone, "Every rate that was tried held.", "Nothing: or try more, with a longer --for or a higher --most.",
		}
	}
	return s.limit(o)
}

func (s Step) limit(o Options) Limit {
	late := s.Lateness.P99 > lateBy*float64(o.Limits.Reaction/time.Millisecond)
	machine := max(s.MachineShare, s.ServerShare+s.GeneratorShare)
	others := max(0, machine-s.ServerShare-s.GeneratorShare)
	shares := fmt.Sprintf("of all cores the service took %.0f %%, the callers %.0f %%, everything else %.0f %%",
		100*s.ServerShare, 100*s.GeneratorShare, 100*others)
	switch {
	case s.Refused > 0:
		return Limit{
			limitCalls, fmt.Sprintf("%.0f calls were more than socket.max_calls.", s.Refused),
			"Raise socket.max_calls, and the limit of open files with it (LimitNOFILE).",
		}
	case s.HashRefused > 0 || s.HashWaiting > float64(2*cores()):
		return Limit{
			limitHash, fmt.Sprintf("PIN checks wait for their turn: %.0f waited too long, %.0f were waiting.", s.HashRefused, s.HashWaiting),
			"argon2id takes about 40 ms of a core for each: add cores or machines, or read in docs/policy.md what " +
				"customers.hash: hmac gives up.",
		}
	case o.Server.Here && machine >= full && others > othersTake:
		return Limit{
			limitOthers, "Something else keeps this machine busy: " + shares + ".",
			"Stop it, or move it to another machine, and run bench once more: this result says little.",
		}
	case late && (!o.Server.Here || s.GeneratorShare > halfFull && s.GeneratorShare > s.ServerShare):
		return Limit{
			limitGenerator, fmt.Sprintf("The generator itself: it was %.0f ms late at p99, and took %.0f %% of all cores.", s.Lateness.P99,
				100*s.GeneratorShare),
			"The service takes more than this. Call it from another machine (--server) to find out how much.",
		}
	case machine >= full:
		return Limit{
			limitMachine, "The processor is full: " + shares + ".",
			s.withoutCallers(o) + "Add cores, or a second machine.",
		}
	case s.Behind > o.Limits.Behind.Seconds() || s.CommitMS > slowCommit:
		return Limit{
			limitDisk, fmt.Sprintf("The disk: a transaction took %.0f ms, and events were %.0f s behind.", s.CommitMS, s.Behind),
			"Put --data on a faster disk, or NATS on a machine of its own.",
		}
	}
	return Limit{
		limitUnknown, "Nothing that is measured was full: " + shares + ".",
		"Look at the service's log and metrics at this rate (docs/runbook.md), and run bench once more: a busy machine can do this.",
	}
}

// withoutCallers tells what a machine would take that the callers do not share.
func (s Step) withoutCallers(o Options) string {
	if !o.Server.Here || s.ServerMS == 0 {
		return ""
	}
	return fmt.Sprintf("The callers run on the same machine: without them its cores would be full at about %.0f calls a second, "+
		"by %.1f ms a call. ", full*1000/s.ServerMS*float64(cores()), s.ServerMS)
}
