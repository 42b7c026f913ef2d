package customers

import (
	"bytes"
	"errors"

	"countersign/session"
)

// ErrPINFormat means that a PIN is not 4 to 12 digits.
var ErrPINFormat = errors.New("a PIN has 4 to 12 digits and nothing else")

// WeakPINError means that a PIN is on the blocklist (docs/policy.md#pin-blocklist).
type WeakPINError struct {
	// Why completes the sentence "The PIN …" without showing the PIN.
	Why string
}

func (e *WeakPINError) Error() string {
	return "the PIN is easy to guess because it " + e.Why + ": choose another one, or allow weak PINs"
}

const minPIN, maxPIN = 4, 12

func isPIN(pin []byte) bool {
	return len(pin) >= minPIN && len(pin) <= maxPIN && isDigits(pin)
}

// weakness says why a PIN is easy to guess, or "". identifiers are those of the customer, with the id; birthDate is
// YYYYMMDD, or empty if unknown.
func weakness(pin []byte, identifiers, phones []string, birthDate []byte) string {
	switch {
	case repeats(pin):
		return "repeats itself"
	case runs(pin, 1), runs(pin, 9):
		return "counts up or down"
	case len(pin) == 4 && (bytes.HasPrefix(pin, []byte("19")) || bytes.HasPrefix(pin, []byte("20"))):
		return "looks like a year"
	case isBirthDate(pin, birthDate):
		return "is the customer's date of birth"
	}
	for _, id := range identifiers {
		if bytes.Contains([]byte(id), pin) || bytes.Contains([]byte(session.Keypad(id)), pin) {
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

// repeats matches 1111, 1212 and 123123.
func repeats(pin []byte) bool {
	for period := 1; period <= len(pin)/2; period++ {
		if len(pin)%period == 0 && bytes.Equal(pin[period:], pin[:len(pin)-period]) {
			return true
		}
	}
	return false
}

// runs matches digits that each follow the last by step, modulo 10: 1234, 7890, and with step 9 4321.
func runs(pin []byte, step byte) bool {
	for i := 1; i < len(pin); i++ {
		if (pin[i-1]-'0'+step)%10 != pin[i]-'0' {
			return false
		}
	}
	return true
}

// isBirthDate matches a date of birth as people write it: day, month and year of two or four digits, in usual orders,
// also in part.
func isBirthDate(pin, date []byte) bool {
	if len(date) != len("20060102") {
		return false
	}
	day, month := date[6:8], date[4:6]
	for _, year := range [][]byte{date[:4], date[2:4]} {
		for _, form := range [][][]byte{
			{day, month}, {month, day}, {month, year}, {year, month}, {year},
			{day, month, year}, {month, day, year}, {year, month, day}, {year, day, month},
		} {
			whole := bytes.Join(form, nil)
			same := bytes.Equal(pin, whole)
			clear(whole)
			if same {
				return true
			}
		}
	}
	return false
}
