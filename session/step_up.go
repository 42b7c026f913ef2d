package session

import "errors"

// Why a step-up cannot be done for a caller who is talking to an agent.
var (
	// ErrUnknownCall: no call with that id is running.
	ErrUnknownCall = errors.New("no such call is running")
	// ErrNotBridged: the caller is in a queue, with Countersign, or in a step-up already.
	ErrNotBridged = errors.New("the caller is not talking to an agent")
	// ErrSwitchUnavailable: FreeSWITCH could not be reached or did not answer in time. It may have carried out the
	// command.
	ErrSwitchUnavailable = errors.New("FreeSWITCH unavailable")
)
