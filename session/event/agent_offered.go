package event

// FactAgentOffered: the call rings at an agent. This and the other agent_… facts may follow call_ended, because they
// are about the call after it was handed on; they count on in its numbers.
const FactAgentOffered Fact = "agent_offered"

// Via says what brings a call to an agent.
type Via string

const (
	// ViaCallcenter: FreeSWITCH's mod_callcenter.
	ViaCallcenter Via = "callcenter"
	// ViaFIFO: FreeSWITCH's mod_fifo.
	ViaFIFO Via = "fifo"
	// ViaBridge: the dialplan rings a telephone, or somebody picks the call up.
	ViaBridge Via = "bridge"
)

// AgentOffered says whose telephone rings. Each agent at whom the call rings gets one, and afterwards either
// agent_connected or agent_missed.
type AgentOffered struct {
	// Agent is the agent's name in mod_callcenter, or the telephone: "1001@example.com", "1001". Of an outside number it
	// is "number-" and the last four digits.
	Agent string `json:"agent"`
	// Queue is the queue's name, if the call came through one.
	Queue string `json:"queue,omitempty"`
	Via   Via    `json:"via"`
	// Offer counts the offers of the call from 1.
	Offer int `json:"offer"`
	// WaitedMilliseconds is how long the caller has waited: since they joined the queue, or else since the call was
	// handed on.
	WaitedMilliseconds int64 `json:"waited_ms"`
}

// Fact implements Data.
func (AgentOffered) Fact() Fact { return FactAgentOffered }
