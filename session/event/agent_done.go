package event

// FactAgentDone: the conversation with an agent is over, or the caller gave up waiting for one.
const FactAgentDone Fact = "agent_done"

// AgentEnd says how a call ended for an agent.
type AgentEnd string

const (
	// AgentEndCaller: the caller hung up.
	AgentEndCaller AgentEnd = "caller"
	// AgentEndAgent: the agent hung up.
	AgentEndAgent AgentEnd = "agent"
	// AgentEndTransferred: the caller went on to somebody else.
	AgentEndTransferred AgentEnd = "transferred"
	// AgentEndAbandoned: the caller hung up or left before anybody took the call. No agent is named.
	AgentEndAbandoned AgentEnd = "abandoned"
	// AgentEndUnseen: it ended while Countersign had no connection to FreeSWITCH. Nobody knows when.
	AgentEndUnseen AgentEnd = "unseen"
)

// AgentDone says how long it was. A call has one for each agent who took it, or one without an agent.
type AgentDone struct {
	// Agent is who took the call; absent if nobody did.
	Agent string   `json:"agent,omitempty"`
	Queue string   `json:"queue,omitempty"`
	Via   Via      `json:"via"`
	End   AgentEnd `json:"end"`
	// Cause is FreeSWITCH's cause name (Q.850), if it gave one.
	Cause string `json:"cause,omitempty"`
	// WaitedMilliseconds is how long the caller waited for the agent, or until they gave up.
	WaitedMilliseconds int64 `json:"waited_ms"`
	// TalkedMilliseconds is how long they talked; 0 if nobody took the call, or if the end was not seen.
	TalkedMilliseconds int64 `json:"talked_ms"`
}

// Fact implements Data.
func (AgentDone) Fact() Fact { return FactAgentDone }
