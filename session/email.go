package session

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// Email is an e-mail address of a customer; Since is when it was put on file.
type Email struct {
	Address string
	Since   time.Time
}

// ErrNotAnAddress: a name beside the address, a quoted local part or letters beyond ASCII are refused, too: what mail
// servers make of them differs.
var ErrNotAnAddress = errors.New("that is no address such as ada@example.org")

var addressPattern = regexp.MustCompile(
	`^[A-Za-z0-9.!#$%&'*+/=?^_{}~-]{1,64}@` + label + `(\.` + label + `)+$`)

// label is a part of a domain between dots.
const label = `[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?`

const maxAddress = 254

// ReadEmail reads an e-mail address. The domain is written in lower case; the part before @ stays as it is.
func ReadEmail(told string) (string, error) {
	local, domain, _ := strings.Cut(told, "@")
	if len(told) > maxAddress || !addressPattern.MatchString(told) || strings.HasPrefix(local, ".") ||
		strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", ErrNotAnAddress
	}
	return local + "@" + strings.ToLower(domain), nil
}
