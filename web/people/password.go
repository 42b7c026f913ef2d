package people

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// ErrPassword: the password is wrong.
var ErrPassword = errors.New("the password is wrong")

// WeakError: the password is too easy to guess.
type WeakError struct {
	// Short: it is too short; otherwise it is one that everybody tries.
	Short bool
	text  string
}

func (e *WeakError) Error() string { return e.text }

// Lengths of a password in characters (NIST SP 800-63B: at least 8 with a second factor, 15 without; no rules of
// composition). docs/policy.md#people.
const (
	MinPassword = 12
	maxPassword = 256 // bytes, so that nobody makes us hash a book
)

// hashCost is OWASP's second choice for argon2id: 19 MiB, two passes.
var hashCost = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashing bounds how many passwords are hashed at once, each of which takes memory.
var hashing = make(chan struct{}, 4)

func newPassword(password string, p Person) (string, error) {
	switch lower := strings.ToLower(password); {
	case utf8.RuneCountInString(password) < MinPassword:
		return "", &WeakError{Short: true, text: fmt.Sprintf(
			"the password must have at least %d characters: a few words are easy to remember", MinPassword)}
	case len(password) > maxPassword:
		return "", &WeakError{text: fmt.Sprintf("the password must have at most %d bytes", maxPassword)}
	case strings.Contains(lower, p.ID), isRepeated(lower), strings.Contains(lower, "countersign"),
		strings.Contains(lower, "password"):
		return "", &WeakError{text: "this password is easy to guess: take a few words that do not belong together"}
	}
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2id.CreateHash(password, hashCost)
}

// isRepeated says whether a password has fewer than four different characters.
func isRepeated(password string) bool {
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	return len(different) < 4
}

// nobodysPassword takes as long as the password of somebody who exists.
var nobodysPassword, _ = argon2id.CreateHash("nobody has this one", hashCost)

// matches compares in the same time whether or not there is a hash.
func matches(hash, password string) bool {
	if len(password) > maxPassword {
		return false
	}
	hashing <- struct{}{}
	defer func() { <-hashing }()
	if hash == "" {
		_, _ = argon2id.ComparePasswordAndHash(password, nobodysPassword)
		return false
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	return ok && err == nil
}
