package customers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Alias is what the audit log calls a customer: always the same for the same id, on every machine with this pepper, and not to be turned back.
func (d *Reader) Alias(customer string) string {
	key := d.PepperKey("audit/v1")
	defer clear(key)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(customer))
	return "customer " + hex.EncodeToString(mac.Sum(nil)[:aliasSize])
}

// aliasSize is in bytes: enough that no two customers share an alias.
const aliasSize = 12
