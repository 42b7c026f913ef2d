package event

// FactAgentConnected: caller and agent talk to each other.
const FactAgentConnected Fact = "agent_connected"

// AgentConnected says who took the call.
type AgentConnected struct {
	Agent string `json:"agent"`
	Queue string `json:"queue,omitempty"`
	Via   Via    `json:"via"`
	// Channel is FreeSWITCH's Unique-ID of the agent's leg.
	Channel string `json:"channel"`
	// WaitedMilliseconds is how long the caller waited: since they joined the queue, or else since the call was handed
	// on. RangMilliseconds is how long it rang at this agent.
	WaitedMilliseconds int64 `json:"waited_ms"`
	RangMilliseconds   int64 `json:"rang_ms"`
}

// Fact implements Data.
func (AgentConnected) Fact() Fact { return FactAgentConnected }
