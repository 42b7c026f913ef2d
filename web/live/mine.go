package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
)

// IsAgent says whether an event's agent is one of somebody's: the same name, or the same extension at any host.
func IsAgent(own []string, agent string) bool {
	if agent == "" {
		return false
	}
	extension, _, _ := strings.Cut(agent, "@")
	return slices.Contains(own, agent) || slices.Contains(own, extension)
}

// Mine is a call as one agent sees it.
type Mine struct {
	Call
	// With is the agent's own part of the call.
	With event.CallAgent
	// State is ringing, talking, missed or done.
	State State
}

// Offer tells one offer of a call from the next: after a missed one it may ring at the same agent again.
func (m Mine) Offer() string { return fmt.Sprintf("%s-%d", m.ID, m.With.Offered.UnixMilli()) }

// State is what became of a call at one agent.
type State string

// The states.
const (
	StateRinging State = "ringing"
	StateTalking State = "talking"
	StateMissed  State = "missed" // and it was theirs to take
	StateDone    State = "done"
)

// Order of the states on a screen.
var order = map[State]int{StateTalking: 0, StateRinging: 1, StateMissed: 2, StateDone: 3}

// Mine are the calls of agents: those that ring or talk, and since a time those that they missed or had.
func (c *Calls) Mine(own []string, since time.Time) (mine []Mine) {
	for _, call := range c.Select(func(call Call) bool {
		return slices.ContainsFunc(call.Agents, func(a event.CallAgent) bool { return IsAgent(own, a.Agent) })
	}) {
		with := theirs(call, own)
		state := stateOf(with)
		if state == "" || (state == StateMissed || state == StateDone) && with.Ended.Before(since) {
			continue
		}
		mine = append(mine, Mine{Call: call, With: with, State: state})
	}
	slices.SortStableFunc(mine, func(a, b Mine) int { return order[a.State] - order[b.State] })
	return mine
}

// theirs is the last part of the call that is one of theirs: an open one before all others.
func theirs(call Call, own []string) (found event.CallAgent) {
	for _, a := range call.Agents {
		if IsAgent(own, a.Agent) && (a.Open() || !found.Open() || found.Agent == "") {
			found = a
		}
	}
	return found
}

func stateOf(a event.CallAgent) State {
	switch {
	case a.Done != "":
		return StateDone
	case a.Missed == event.MissedElsewhere, a.Missed == event.MissedCallerGone:
		return "" // nobody's fault
	case a.Missed != "":
		return StateMissed
	case !a.Connected.IsZero():
		return StateTalking
	}
	return StateRinging
}
