package event

import "time"

// FactLocked: too many attempts. Verification is off for a customer, or self-service for a caller's number; the caller hears nothing of it and goes to
// a person.
const FactLocked Fact = "locked"

// LockOn says what is locked.
type LockOn string

const (
	// LockOnCustomer: the customer's secrets were guessed at too often.
	LockOnCustomer LockOn = "customer"
	// LockOnCaller: the caller's number tried too much.
	LockOnCaller LockOn = "caller"
)

// Locked says what is locked and until when.
type Locked struct {
	On LockOn `json:"on"`
	// Customer is who is locked, or whom the caller was identified as.
	Customer string `json:"customer,omitempty"`
	// Until is when it ends by itself; absent means that a person must end it.
	Until *time.Time `json:"until,omitempty"`
	// Began says that this call brought it about; otherwise it was met.
	Began bool `json:"began,omitempty"`
}

// Fact implements Data.
func (Locked) Fact() Fact { return FactLocked }
