package bench

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheHighestRateIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		capacity     float64
		tries        int // how many there is time for
		from, to     float64
		bent, cutOff bool
	}{
		{name: "between two doublings", capacity: 290, tries: 20, from: 260, to: 290, bent: true},
		{name: "at the first rate", capacity: 10, tries: 20, from: 8.9, to: 10, bent: true},
		{name: "far below the first rate", capacity: 1.1, tries: 20, from: 1, to: 1.1, bent: true},
		{name: "none holds", capacity: 0.1, tries: 20, from: 0, to: 0, bent: true},
		{name: "more than is tried", capacity: 10_000, tries: 20, from: 5000, to: 5000},
		{name: "time is over before one bends", capacity: 10_000, tries: 4, from: 80, to: 80},
		{name: "time is over before it is exact", capacity: 290, tries: 6, from: 160, to: 160, bent: true},
	} {
		tried := []float64{}
		s := search{
			start: 10, most: 5000, precision: precision,
			more: func() bool { return len(tried) < c.tries },
			try: func(rate float64) (bool, error) {
				tried = append(tried, rate)
				return rate <= c.capacity, nil
			},
		}
		rate, bent, err := s.highest()
		require.NoError(t, err, c.name)
		assert.GreaterOrEqual(t, rate, c.from, "%s: %v", c.name, tried)
		assert.LessOrEqual(t, rate, c.to, "%s: %v", c.name, tried)
		assert.Equal(t, c.bent, bent, c.name)
		assert.LessOrEqual(t, len(tried), 15, "%s: %v", c.name, tried)
	}
}

func TestASearchEndsWithItsFirstError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	s := search{
		start: 10, most: 100, precision: precision, more: func() bool { return true },
		try: func(rate float64) (bool, error) {
			if rate > 10 {
				return false, broken
			}
			return true, nil
		},
	}
	_, _, err := s.highest()
	require.ErrorIs(t, err, broken)
}
