package guard

import (
	"fmt"
	"sync/atomic"
)

// rulesInForce are the rules of a Guard, which can be replaced while calls run.
type rulesInForce struct{ now atomic.Pointer[Rules] }

func newRulesInForce(r Rules) *rulesInForce {
	f := &rulesInForce{}
	f.now.Store(&r)
	return f
}

func (f *rulesInForce) get() Rules { return *f.now.Load() }

// SetRules replaces the rules. Attempts that were counted before count by the new ones.
func (g *Guard) SetRules(r Rules) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	r = r.withDefaults()
	g.rules.now.Store(&r)
	return nil
}
