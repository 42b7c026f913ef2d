package shared

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAShareIsThatOfTheCalls(t *testing.T) {
	t.Parallel()
	const n = 20_000
	for _, percent := range []int{0, 1, 10, 50, 100} {
		s, took := Staged{Percent: percent, First: 7}, 0
		for i := range n {
			call := fmt.Sprint("0199d3a1-7c1e-", i)
			if takes := s.Takes("retail", call); takes {
				took++
				more := s
				more.Percent = min(100, 2*percent)
				assert.True(t, more.Takes("retail", call), "whoever takes it goes on to, when the share grows")
			}
		}
		p := float64(percent) / 100
		assert.InDelta(t, p*n, took, 4*math.Sqrt(n*p*(1-p))+0.5, "%d %%", percent) // 4 standard deviations of the binomial
	}
}

func TestAnotherStartChoosesOtherCalls(t *testing.T) {
	t.Parallel()
	a, b, both := Staged{Percent: 10, First: 1}, Staged{Percent: 10, First: 2}, 0
	for i := range 10_000 {
		if call := fmt.Sprint(i); a.Takes("retail", call) && b.Takes("retail", call) {
			both++
		}
	}
	assert.InDelta(t, 100, both, 40)
}
