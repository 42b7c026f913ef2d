package event

// FactCallEnded: our part of the call is over. Only what agents do with it (agent_…) may
// follow.
const FactCallEnded Fact = "call_ended"

// End says how our part of a call ended.
type End string

const (
	// EndRouted: handed on.
	EndRouted End = "routed"
	// EndAbandoned: the caller hung up before.
	EndAbandoned End = "abandoned"
	// EndReleased: not transferred; the dialplan's next action takes the caller to an agent.
	EndReleased End = "released"
	// EndInterrupted: Countersign stopped in the middle of the call, and wrote this at its next start. The dialplan's next
	// action took the caller to an agent, unless the call had just been handed on.
	EndInterrupted End = "interrupted"
)

// CallEnded summarises the call.
type CallEnded struct {
	End      End      `json:"end"`
	Status   Status   `json:"status"`
	Level    int      `json:"level"`
	Reason   Reason   `json:"reason"`
	Customer string   `json:"customer,omitempty"`
	Methods  []Method `json:"methods,omitempty"`
	// Cause is the Q.850 cause name if the caller hung up.
	Cause string `json:"cause,omitempty"`
	// Milliseconds is how long the call was with us.
	Milliseconds int64 `json:"ms"`
}

// Fact implements Data.
func (CallEnded) Fact() Fact { return FactCallEnded }
