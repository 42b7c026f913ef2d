package session

import "countersign/session/event"

// Trunks learns of each call whether its trunk brought keys. It does not block.
type Trunks interface {
	// Ended counts a call of a trunk on a line. keyed says that a key was heard; silent that the caller was asked, had the
	// time to key something, and no key was heard.
	Ended(trunk, line string, keyed, silent bool)
}

// noTrunks is the Trunks of a Runner without one.
type noTrunks struct{}

func (noTrunks) Ended(string, string, bool, bool) {}

// heardKeys is whether the caller keyed something, or was silent.
type heardKeys struct{ keyed, silent bool }

// note notes an answer. A spoken one says nothing about keys.
func (h *heardKeys) note(e Entry) {
	switch {
	case e.Spoken:
	case e.Class == NoInput:
		h.silent = true
	default:
		h.keyed = true
	}
}

// trunkEnded counts a call that is over.
func (r *Runner) trunkEnded(s *Session, end event.End) {
	if end == event.EndReleased { // it broke: that says nothing about the trunk
		return
	}
	r.trunks.Ended(s.call.Trunk, s.line.Name, s.heard.keyed, s.heard.silent && !s.heard.keyed)
}
