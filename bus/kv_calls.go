package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"countersign/session"
	"countersign/session/shared"
)

// Calls implements session.Calls in NATS.
type Calls struct{ bucket *Bucket }

var _ session.Calls = (*Calls)(nil)

// callPattern matches ids of calls. Ids come back from FreeSWITCH, where anybody may have set them.
var callPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Remember implements session.Calls.
func (c *Calls) Remember(ctx context.Context, k session.Known) error {
	if !callPattern.MatchString(k.Call) {
		return errors.New("remember a call: its id must have 1 to 64 letters, digits, - and _")
	}
	value, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("remember call %s: %w", k.Call, err)
	}
	if _, err := c.bucket.Put(ctx, k.Call, value, shared.ByDefault); err != nil {
		return fmt.Errorf("remember call %s: %w", k.Call, err)
	}
	return nil
}

// Recall implements session.Calls. An id that no call can have is unknown.
func (c *Calls) Recall(ctx context.Context, call string) (k session.Known, ok bool, err error) {
	if !callPattern.MatchString(call) {
		return session.Known{}, false, nil
	}
	value, _, err := c.bucket.Get(ctx, call)
	if errors.Is(err, shared.ErrNotFound) {
		return session.Known{}, false, nil
	}
	if err != nil {
		return session.Known{}, false, fmt.Errorf("recall call %s: %w", call, err)
	}
	if err := json.Unmarshal(value, &k); err != nil {
		return session.Known{}, false, fmt.Errorf("recall call %s: %w", call, err)
	}
	return k, true, nil
}
