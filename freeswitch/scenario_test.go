package freeswitch_test

import "testing"

// scenario is one subtest.
type scenario struct {
	name string
	run  func(t *testing.T)
}

// inParallel runs scenarios at the same time. They begin when the function that calls it, or its group, is through.
func inParallel(t *testing.T, scenarios ...scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}

// verifiedAs is the result of a call whose customer was verified.
func verifiedAs(who customer, level, methods string) result {
	return result{Status: "verified", Level: level, Reason: "ok", Methods: methods, Customer: who.ID}
}
