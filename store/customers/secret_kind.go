package customers

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"countersign/session"
)

// Kinds of identifiers and secrets. The company may name others: kinds of identifiers, such as a tracking number, and
// numeric facts as secrets, such as a postcode.
const (
	// KindAccount is the account number, as a kind of identifier.
	KindAccount = "account"
	// KindCustomer is the customer's id, as a kind of identifier.
	KindCustomer = "customer"
	// KindPIN is the PIN, as a kind of secret.
	KindPIN = "pin"
	// KindBirthDate is the date of birth, YYYYMMDD.
	KindBirthDate = "birth_date"
	// KindPassphrase is the spoken passphrase, normalised by session.Words.
	KindPassphrase = "passphrase"
	// KindTOTP is the secret of time-based one-time codes.
	KindTOTP = "totp"
)

// isNewKind reports whether a company may name a kind of identifier so: ours have columns of their own.
func isNewKind(kind string) bool {
	return session.MayIdentify(kind) && !slices.Contains([]string{KindAccount, KindCustomer, "phone"}, kind)
}

// isNewFact reports whether a company may name a fact so: a line must be able to ask for it.
func isNewFact(kind string) bool { return session.IsFact(kind) }

const (
	minFact, maxFact     = 2, 20
	minPhrase, maxPhrase = 8, 100
	minPhraseWords       = 2
)

// normal returns the form in which a secret is hashed and checked, or says what is wrong with it without showing it.
// The caller clears form.
func normal(kind string, raw []byte, now time.Time) (form []byte, problem string) {
	switch kind {
	case KindPIN:
		if !isPIN(raw) {
			return nil, "the pin must have 4 to 12 digits and nothing else"
		}
		return bytes.Clone(raw), ""
	case KindBirthDate:
		return normalBirthDate(string(raw), now)
	case KindPassphrase:
		return normalPassphrase(string(raw))
	default:
		if len(raw) < minFact || len(raw) > maxFact || !isDigits(raw) {
			return nil, "the " + kind + " must have 2 to 20 digits and nothing else"
		}
		return bytes.Clone(raw), ""
	}
}

func normalBirthDate(raw string, now time.Time) (form []byte, problem string) {
	day, err := time.Parse(time.DateOnly, raw)
	if err != nil {
		day, err = time.Parse("2.1.2006", raw)
	}
	if err != nil || !session.IsBirthDate(day, now) {
		return nil, fmt.Sprintf("the birth_date must be a day from %d to today, written 1980-12-31 or 31.12.1980",
			session.FirstBirthYear)
	}
	return day.AppendFormat(nil, "20060102"), ""
}

func normalPassphrase(raw string) (form []byte, problem string) {
	words := session.Words(raw)
	if n := utf8.RuneCountInString(words); n < minPhrase || n > maxPhrase || strings.Count(words, " ")+1 < minPhraseWords {
		return nil, "the passphrase must have at least 2 words and, with spaces, 8 to 100 characters; " +
			"punctuation does not count"
	}
	return []byte(words), ""
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
