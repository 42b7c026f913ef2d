package live

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Queue is a queue, as far as the calls tell: one at which nobody rang yet is not known.
type Queue struct {
	Name string
	// Waiting and Talking are calls. Longest is the longest wait of those that wait now.
	Waiting, Talking int
	Longest          time.Duration
}

// AgentState is what an agent does now, as far as the calls tell.
type AgentState struct {
	Agent, Queue string
	// Phase is Ringing, Talking, or Over: none of our calls is with them.
	Phase Phase
	// Since is when that began.
	Since time.Time
	// Taken and Missed are the calls of the last hour.
	Taken, Missed int
}

// Queues are the queues and agents of the calls that pass.
func (c *Calls) Queues(pass func(Call) bool) (queues []Queue, agents []AgentState) {
	now := c.now()
	byQueue, byAgent := map[string]*Queue{}, map[string]*AgentState{}
	for _, call := range c.Select(pass) {
		call.countQueue(byQueue, now)
		for i := range call.Agents {
			call.countAgent(byAgent, i)
		}
	}
	for _, q := range byQueue {
		queues = append(queues, *q)
	}
	slices.SortFunc(queues, func(a, b Queue) int { return strings.Compare(a.Name, b.Name) })
	order := map[Phase]int{Ringing: 0, Talking: 1, Over: 2}
	for _, name := range slices.Sorted(maps.Keys(byAgent)) {
		agents = append(agents, *byAgent[name])
	}
	slices.SortStableFunc(agents, func(a, b AgentState) int { return cmp.Compare(order[a.Phase], order[b.Phase]) })
	return queues, agents
}

func (c Call) countQueue(all map[string]*Queue, now time.Time) {
	if len(c.Agents) == 0 {
		return
	}
	last := c.Agents[len(c.Agents)-1]
	q := all[last.Queue]
	if q == nil {
		q = &Queue{Name: last.Queue}
		all[last.Queue] = q
	}
	switch c.Phase() {
	case Waiting, Ringing:
		q.Waiting++
		since := c.Ended
		if first := c.Agents[0]; !first.Offered.IsZero() {
			since = first.Offered.Add(-time.Duration(first.WaitedMilliseconds) * time.Millisecond)
		}
		q.Longest = max(q.Longest, now.Sub(since))
	case Talking:
		q.Talking++
	}
}

func (c Call) countAgent(all map[string]*AgentState, i int) {
	a := c.Agents[i]
	if a.Agent == "" {
		return
	}
	s := all[a.Agent]
	if s == nil {
		s = &AgentState{Agent: a.Agent, Phase: Over}
		all[a.Agent] = s
	}
	if !a.Connected.IsZero() {
		s.Taken++
	}
	if stateOf(a) == StateMissed {
		s.Missed++
	}
	phase, since := Over, a.Ended
	if a.Open() {
		if phase, since = Ringing, a.Offered; !a.Connected.IsZero() {
			phase, since = Talking, a.Connected
		}
	}
	if phase != Over || s.Phase == Over && since.After(s.Since) {
		s.Phase, s.Since, s.Queue = phase, since, a.Queue
	}
}
