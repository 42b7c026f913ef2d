package change

import (
	"fmt"
	"slices"

	"countersign/lines"
	"countersign/session/shared"
)

// UsualBounds are by how many points of a hundred calls a version that begins with a share of them may be worse.
var UsualBounds = shared.Bounds{Unverified: 5, Abandoned: 5, Errors: 2}

// Stage is how a change begins with a share of the calls. The others stay on the version that all calls are on now; if
// the version in force has begun with a share itself, on the one that the others stay on. If ch changes nothing but the
// share, the start goes on. Which numbers a line has cannot be tried with a share: numbers pick the line.
func Stage(inForce shared.LineVersion, ch *Change, percent int, bounds shared.Bounds) (*shared.Staged, error) {
	if percent < 1 || percent > 99 {
		return nil, fmt.Errorf("a share is 1 to 99 percent, and not %d: leave it out for all calls", percent)
	}
	if inForce.Version == 0 {
		return nil, fmt.Errorf("line %s is new: there is no version before it on which other calls could stay", ch.Line)
	}
	for _, b := range []float64{bounds.Unverified, bounds.Abandoned, bounds.Errors} {
		if b < 0 || b > 100 {
			return nil, fmt.Errorf("a bound is 0 to 100 points, and not %v", b)
		}
	}
	s := shared.Staged{Percent: percent, Before: inForce.Version, BeforeYAML: inForce.YAML, Bounds: bounds}
	if at := inForce.Staged; at != nil {
		s.Before, s.BeforeYAML = at.Before, at.BeforeYAML
		if ch.Text == inForce.YAML {
			s.First, s.Since = at.First, at.Since
		}
	} else if ch.Same {
		return nil, fmt.Errorf("line %s: nothing changes, so there is nothing to begin with", ch.Line)
	}
	before, err := lines.Parse(ch.Line, []byte(s.BeforeYAML))
	if err != nil {
		return nil, fmt.Errorf("version %d, on which other calls would stay, cannot be read: %w", s.Before, err)
	}
	after, err := lines.Parse(ch.Line, []byte(ch.Text))
	if err != nil {
		return nil, err
	}
	if !slices.Equal(before.Numbers, after.Numbers) {
		return nil, fmt.Errorf("line %s: its numbers change, and they pick the line: change them for all calls first", ch.Line)
	}
	return &s, nil
}
