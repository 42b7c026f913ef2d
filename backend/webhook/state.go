package webhook

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

// What machines share about a webhook, in the bucket webhooks: how far it is and who delivers (NAME.place), the calls
// whose events wait for another attempt (NAME.failing.…), the dead letters (NAME.dead.…), and what an operator wants to
// be tried again (NAME.again.…, a key for each call and one for all). Events are kept as places in the stream: what is
// erased there is gone here, too.

// progress is how far a webhook is: all events up to Place are delivered, wait in a Failing, or are not wanted.
type progress struct {
	// Holder is the Delivery that delivers now; "" if none does.
	Holder string      `json:"holder,omitempty"`
	Place  event.Place `json:"place"`
	At     time.Time   `json:"at"`
}

// Failing are the events of one call that could not be delivered, in order.
type Failing struct {
	Call   string        `json:"call"`
	Line   string        `json:"line"`
	Places []event.Place `json:"places"`
	// First is when the first attempt failed, Next when the next is due; Attempts counts them.
	First    time.Time `json:"first"`
	Next     time.Time `json:"next"`
	Attempts int       `json:"attempts"`
	// Error says what was wrong at last.
	Error string `json:"error"`
}

// again asks for another attempt now.
type again struct {
	// Call is one of the dead letters; "" means all.
	Call string    `json:"call,omitempty"`
	At   time.Time `json:"at"`
}

const (
	placePart   = ".place"
	failingPart = ".failing"
	deadPart    = ".dead"
	againPart   = ".again"
	// keepDead is as long as the stream may keep the events (docs/contracts.md).
	keepDead = 90 * 24 * time.Hour
	// keepNothing is how long the key of something that is over is kept.
	keepNothing = time.Minute
	updateTries = 5
)

// callKey is the part of a key that stands for a call, whose id may hold what keys may not.
func callKey(call string) string {
	sum := sha256.Sum256([]byte(call))
	return "." + hex.EncodeToString(sum[:16])
}

// put writes a key, whatever it held; nil removes it.
func put(ctx context.Context, s shared.Store, key string, value any, keep time.Duration) error {
	var body []byte
	if value != nil {
		var err error
		if body, err = json.Marshal(value); err != nil {
			return err
		}
	} else {
		keep = keepNothing
	}
	for range updateTries {
		_, revision, err := s.Get(ctx, key)
		switch {
		case errors.Is(err, shared.ErrNotFound) && value == nil:
			return nil
		case errors.Is(err, shared.ErrNotFound):
			_, err = s.Create(ctx, key, body, keep)
		case err == nil:
			_, err = s.Update(ctx, key, body, revision, keep)
		}
		if !errors.Is(err, shared.ErrConflict) {
			return err
		}
	}
	return shared.ErrConflict
}

// all reads what could not be delivered, by call: of failingPart what is tried again, of deadPart what is not.
func all(ctx context.Context, s shared.Store, name, part string) (map[string]*Failing, error) {
	values, err := s.All(ctx, name+part)
	if err != nil {
		return nil, fmt.Errorf("read what webhook %s could not deliver: %w", name, err)
	}
	found := map[string]*Failing{}
	for _, value := range values {
		var f Failing
		if len(value) == 0 || json.Unmarshal(value, &f) != nil {
			continue
		}
		found[f.Call] = &f
	}
	return found, nil
}

// Status is how a webhook does.
type Status struct {
	Name    string
	Dialect Dialect
	// Known: it has delivered, or begun to.
	Known bool
	// Behind is how many events of the stream it has not looked at yet.
	Behind uint64
	// Failing wait for another attempt, Dead were given up; oldest first.
	Failing, Dead []Failing
}

// Trouble is why the latest call could not be delivered, or "".
func (s Status) Trouble() string {
	if n := len(s.Failing); n > 0 {
		return s.Failing[n-1].Error
	}
	return ""
}

// Answer is what a system answered to a test.
type Answer struct {
	Method string
	Status int
	Took   time.Duration
}

// ErrUnknown: the settings have no webhook with this name.
var ErrUnknown = errors.New("there is no webhook with this name")

// Ask reads how a webhook does. end is the end of the stream.
func Ask(ctx context.Context, s shared.Store, name string, end event.Place) (Status, error) {
	status := Status{Name: name}
	value, _, err := s.Get(ctx, name+placePart)
	var p progress
	switch {
	case errors.Is(err, shared.ErrNotFound):
	case err != nil:
		return status, fmt.Errorf("read how far webhook %s is: %w", name, err)
	case json.Unmarshal(value, &p) == nil:
		status.Known = true
		if p.Place.Created.Equal(end.Created) && end.Sequence > p.Place.Sequence {
			status.Behind = end.Sequence - p.Place.Sequence
		}
	}
	for part, to := range map[string]*[]Failing{failingPart: &status.Failing, deadPart: &status.Dead} {
		found, err := all(ctx, s, name, part)
		if err != nil {
			return status, err
		}
		for _, f := range found {
			*to = append(*to, *f)
		}
		slices.SortFunc(*to, func(a, b Failing) int {
			return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Call, b.Call))
		})
	}
	return status, nil
}

// Again has what was not delivered tried again now, the dead letters too: of one call, or of all if call is "".
func Again(ctx context.Context, s shared.Store, name, call string, now time.Time) error {
	key := name + againPart + callKey(call)
	if call == "" {
		key = name + againPart + ".all"
	}
	if err := put(ctx, s, key, again{Call: call, At: now}, time.Hour); err != nil {
		return fmt.Errorf("try webhook %s again: %w", name, err)
	}
	return nil
}
