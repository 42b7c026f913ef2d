package event

import "time"

// CallAgent is one agent at whom a call rang, and what came of it.
type CallAgent struct {
	// Agent is "" for a caller who gave up waiting.
	Agent, Queue string
	Via          Via
	// Offered is when it began to ring, Connected when they began to talk, Ended when it was over. Each may be zero.
	Offered, Connected, Ended time.Time
	// Channel is FreeSWITCH's id of the agent's leg, "" until they talk.
	Channel string
	// Missed is why the agent did not take it, Done how it ended; "" while neither is known.
	Missed MissedReason
	Done   AgentEnd
	// WaitedMilliseconds is how long the caller waited until this agent answered, TalkedMilliseconds how long they talked.
	WaitedMilliseconds, TalkedMilliseconds int64
}

// Open says that it still rings there, or that they talk.
func (a CallAgent) Open() bool { return a.Missed == "" && a.Done == "" }

// agent takes a fact about an agent; it returns false if the event is none.
func (c *Call) agent(e Event) bool {
	switch d := e.Data.(type) {
	case AgentOffered:
		c.Agents = append(c.Agents, CallAgent{
			Agent: d.Agent, Queue: d.Queue, Via: d.Via, Offered: e.Time, WaitedMilliseconds: d.WaitedMilliseconds,
		})
	case AgentConnected:
		a := c.openAgent(d.Agent, d.Queue, d.Via)
		a.Connected, a.Channel, a.WaitedMilliseconds = e.Time, d.Channel, d.WaitedMilliseconds
	case AgentMissed:
		a := c.openAgent(d.Agent, d.Queue, d.Via)
		a.Ended, a.Missed = e.Time, d.Reason
	case AgentDone:
		a := c.openAgent(d.Agent, d.Queue, d.Via)
		a.Ended, a.Done = e.Time, d.End
		a.WaitedMilliseconds, a.TalkedMilliseconds = d.WaitedMilliseconds, d.TalkedMilliseconds
	default:
		return false
	}
	return true
}

// openAgent is the last entry of the agent that is not over yet, or a new one if its beginning is not known.
func (c *Call) openAgent(agent, queue string, via Via) *CallAgent {
	for i := len(c.Agents) - 1; i >= 0; i-- {
		if c.Agents[i].Agent == agent && c.Agents[i].Open() {
			return &c.Agents[i]
		}
	}
	c.Agents = append(c.Agents, CallAgent{Agent: agent, Queue: queue, Via: via})
	return &c.Agents[len(c.Agents)-1]
}

// AboutAgents says whether the fact is about the call after it was handed on: it may follow call_ended.
func (f Fact) AboutAgents() bool {
	switch f {
	case FactAgentOffered, FactAgentConnected, FactAgentMissed, FactAgentDone:
		return true
	}
	return false
}
