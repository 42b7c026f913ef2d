package session

import "errors"

// Why a caller who is talking to an agent cannot be asked for more.
var (
	// ErrUnknownCall says that no call with that id is going on.
	ErrUnknownCall = errors.New("no such call is going on")
	// ErrNotBridged says that the caller is not talking to anybody: still in a queue or with Countersign, or in a step-up already.
	ErrNotBridged = errors.New("the caller is not talking to an agent")
	// ErrSwitchUnavailable says that the telephone system could not be asked, or did not answer in time. Whether it did what it was told is
	// then not known.
	ErrSwitchUnavailable = errors.New("FreeSWITCH cannot be asked")
)
