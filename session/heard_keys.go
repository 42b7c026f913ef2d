package session

import (
	"context"

	"countersign/session/event"
)

// Trunks learns of each call whether its trunk brought keys. It does not block.
type Trunks interface {
	// Ended counts a call of a trunk on a line. keyed says that a key was heard; silent that the caller was asked, had the
	// time to key something, and no key was heard.
	Ended(trunk, line string, keyed, silent bool)
}

// noTrunks is the Trunks of a Runner without one.
type noTrunks struct{}

func (noTrunks) Ended(string, string, bool, bool) {}

// heardKeys is a Channel that notes whether a key was heard.
type heardKeys struct {
	Channel
	keyed, silent bool
}

// Collect implements Channel.
func (h *heardKeys) Collect(ctx context.Context, c Collect) (Entry, error) {
	e, err := h.Channel.Collect(ctx, c)
	switch {
	case err != nil || e.Spoken: // says nothing about keys
	case e.Class == NoInput:
		h.silent = true
	default:
		h.keyed = true
	}
	return e, err
}

// trunkEnded counts a call that is over.
func (r *Runner) trunkEnded(s *Session, h *heardKeys, end event.End) {
	if end == event.EndReleased { // it broke: that says nothing about the trunk
		return
	}
	r.trunks.Ended(s.call.Trunk, s.line.Name, h.keyed, h.silent && !h.keyed)
}
