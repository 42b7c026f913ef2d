package queue

import "countersign/session/event"

// missedBy says why an offer failed, by FreeSWITCH's cause (switch_types.h).
func missedBy(cause string) event.MissedReason {
	switch cause {
	case "NO_ANSWER", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "MEDIA_TIMEOUT":
		return event.MissedNoAnswer
	case "USER_BUSY", "NORMAL_CIRCUIT_CONGESTION", "BUSY_EVERYWHERE":
		return event.MissedBusy
	case "CALL_REJECTED", "DECLINE":
		return event.MissedRejected
	case "USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION", "NO_USER_RESPONSE",
		"DESTINATION_OUT_OF_ORDER", "NETWORK_OUT_OF_ORDER", "RECOVERY_ON_TIMER_EXPIRE", "GATEWAY_DOWN",
		"DOES_NOT_EXIST_ANYWHERE", "INVALID_GATEWAY", "INVALID_URL":
		return event.MissedUnreachable
	case "LOSE_RACE", "PICKED_OFF":
		return event.MissedElsewhere
	case "ORIGINATOR_CANCEL":
		return event.MissedCallerGone
	}
	return event.MissedFailed
}

// transferred says that a leg ended because the caller went on to somebody else.
func transferred(cause string) bool { return cause == "BLIND_TRANSFER" || cause == "ATTENDED_TRANSFER" }
