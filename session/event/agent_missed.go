package event

// FactAgentMissed: the call does not ring at that agent any more, and they did not take it.
const FactAgentMissed Fact = "agent_missed"

// MissedReason says why an agent did not take a call.
type MissedReason string

const (
	// MissedNoAnswer: nobody answered in time.
	MissedNoAnswer MissedReason = "no_answer"
	// MissedBusy: the telephone was busy.
	MissedBusy MissedReason = "busy"
	// MissedRejected: the agent refused the call.
	MissedRejected MissedReason = "rejected"
	// MissedUnreachable: the telephone is not registered or cannot be reached.
	MissedUnreachable MissedReason = "unreachable"
	// MissedElsewhere: another agent took it first. Nobody's fault.
	MissedElsewhere MissedReason = "elsewhere"
	// MissedCallerGone: the caller hung up or left the queue. Nobody's fault.
	MissedCallerGone MissedReason = "caller_gone"
	// MissedUnseen: it happened while Countersign had no connection to FreeSWITCH.
	MissedUnseen MissedReason = "unseen"
	// MissedFailed: anything else; cause has FreeSWITCH's word.
	MissedFailed MissedReason = "failed"
)

// AgentMissed says who missed the call, and why.
type AgentMissed struct {
	Agent  string       `json:"agent"`
	Queue  string       `json:"queue,omitempty"`
	Via    Via          `json:"via"`
	Reason MissedReason `json:"reason"`
	// Cause is FreeSWITCH's cause name (Q.850), if it gave one.
	Cause            string `json:"cause,omitempty"`
	RangMilliseconds int64  `json:"rang_ms"`
}

// Fact implements Data.
func (AgentMissed) Fact() Fact { return FactAgentMissed }
