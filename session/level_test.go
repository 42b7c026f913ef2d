package session_test

import (
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
)

func TestTwoFactorsInOneAreTheHighestLevel(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		factors []session.Factor
		level   session.Level
	}{
		{nil, session.Identified},
		{[]session.Factor{session.TwoFactors}, session.Strong},
		{[]session.Factor{session.Possession, session.Possession}, session.Verified},
		{[]session.Factor{session.Possession, session.Knowledge}, session.Strong},
		{[]session.Factor{session.Factor(99)}, session.Identified}, // of a newer version
	} {
		p := session.Proven{Customer: "C-1"}
		for _, f := range c.factors {
			p.Proofs = append(p.Proofs, session.Proof{Factor: f})
		}
		assert.Equal(t, c.level, p.Level(now), c.factors)
		p.Customer = ""
		assert.Equal(t, session.Unknown, p.Level(now), "nobody's proofs")
	}
}
