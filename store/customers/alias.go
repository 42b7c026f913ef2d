package customers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Alias returns the pseudonym of a customer in the audit log: the same for the same id on every machine with this
// pepper, and irreversible.
func (d *Reader) Alias(customer string) string {
	key := d.PepperKey("audit/v1")
	defer clear(key)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(customer))
	return "customer " + hex.EncodeToString(mac.Sum(nil)[:aliasSize])
}

// aliasSize is in bytes: large enough that no two customers share an alias.
const aliasSize = 12
