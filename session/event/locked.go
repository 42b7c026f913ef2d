package event

import "time"

// FactLocked: too many attempts. Verification is locked for a customer, or self-service for a caller's number. The
// caller is not told, and goes to an agent.
const FactLocked Fact = "locked"

// LockOn says what is locked.
type LockOn string

const (
	// LockOnCustomer: too many attempts at the customer's secrets.
	LockOnCustomer LockOn = "customer"
	// LockOnCaller: too many attempts from the caller's number.
	LockOnCaller LockOn = "caller"
)

// Locked says what is locked and until when.
type Locked struct {
	On LockOn `json:"on"`
	// Customer is the locked customer, or the one that the caller was identified as.
	Customer string `json:"customer,omitempty"`
	// Until is when the lock ends; absent if a person must end it.
	Until *time.Time `json:"until,omitempty"`
	// Began: this call caused the lock; otherwise it was locked before.
	Began bool `json:"began,omitempty"`
}

// Fact implements Data.
func (Locked) Fact() Fact { return FactLocked }
