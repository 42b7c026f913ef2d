package guard

import (
	"encoding/json"
	"strings"
	"time"

	"countersign/session/shared"
)

// KeepOlder says how long a Store should keep a value that a version stored which did not say so: a lock that a person
// must end for ever, other values that it cannot read for the Store's own time.
func KeepOlder(r Rules) func(key string, value []byte) time.Duration {
	g := &Guard{rules: newRulesInForce(r.withDefaults())}
	return func(key string, value []byte) time.Duration {
		switch kind, _, _ := strings.Cut(key, "."); kind {
		case kindCustomer:
			return keepOlder(value, g.keepCustomer)
		case kindCaller:
			return keepOlder(value, g.keepCaller)
		case kindSends:
			return keepOlder(value, g.keepSends)
		}
		return shared.ByDefault
	}
}

func keepOlder[T any](value []byte, keep func(T) time.Duration) time.Duration {
	var record T
	if json.Unmarshal(value, &record) != nil {
		return shared.ByDefault
	}
	return keep(record)
}
