package store

import (
	"bytes"
	"errors"
)

// ErrPINFormat says that a PIN does not have 4 to 12 digits, and nothing else.
var ErrPINFormat = errors.New("a PIN has 4 to 12 digits and nothing else")

// WeakPINError says that a PIN is on the blocklist (policy.md, "PIN blocklist").
type WeakPINError struct {
	// Why says what is wrong with the PIN without saying the PIN.
	Why string
}

func (e *WeakPINError) Error() string {
	return "the PIN is easy to guess because it " + e.Why + ": choose another one, or allow weak PINs"
}

const minPIN, maxPIN = 4, 12

func isPIN(pin []byte) bool {
	if len(pin) < minPIN || len(pin) > maxPIN {
		return false
	}
	for _, c := range pin {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// weakness says why a PIN is easy to guess, or "". identifiers are what the caller keys in front of it, the customer's id among them.
func weakness(pin []byte, identifiers, phones []string) string {
	switch {
	case repeats(pin):
		return "repeats itself"
	case runs(pin, 1), runs(pin, 9):
		return "counts up or down"
	case len(pin) == 4 && (bytes.HasPrefix(pin, []byte("19")) || bytes.HasPrefix(pin, []byte("20"))):
		return "looks like a year"
	}
	for _, id := range identifiers {
		if bytes.Contains([]byte(id), pin) {
			return "is part of the customer's id or account number"
		}
	}
	for _, phone := range phones {
		if bytes.HasSuffix([]byte(phone), pin) {
			return "is the end of the customer's telephone number"
		}
	}
	return ""
}

// repeats finds 1111, 1212 and 123123.
func repeats(pin []byte) bool {
	for period := 1; period <= len(pin)/2; period++ {
		if len(pin)%period == 0 && bytes.Equal(pin[period:], pin[:len(pin)-period]) {
			return true
		}
	}
	return false
}

// runs finds digits that each follow the last by step, modulo 10: 1234, 7890, and with step 9 4321.
func runs(pin []byte, step byte) bool {
	for i := 1; i < len(pin); i++ {
		if (pin[i-1]-'0'+step)%10 != pin[i]-'0' {
			return false
		}
	}
	return true
}
