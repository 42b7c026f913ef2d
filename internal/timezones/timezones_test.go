package timezones_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/timezones"
)

// British Columbia's clocks stay on UTC-7 when those of its neighbours are put back on 2026-11-01.
func TestTheRulesKnowBritishColumbia(t *testing.T) {
	t.Parallel()
	zone, err := timezones.Load("America/Vancouver")
	require.NoError(t, err)
	_, offset := time.Date(2026, time.November, 2, 12, 0, 0, 0, zone).Zone()
	assert.Equal(t, -7*3600, offset)
	assert.Regexp(t, `^20[0-9]{2}[a-z]$`, timezones.Version())
}

func TestAZoneIsOneValueAndUnknownOnesAreErrors(t *testing.T) {
	t.Parallel()
	a, err := timezones.Load("Europe/Berlin")
	require.NoError(t, err)
	b, err := timezones.Load("Europe/Berlin")
	require.NoError(t, err)
	assert.Same(t, a, b)
	for _, name := range []string{"", "Local", "VERSION", "../etc/passwd", "Mars/Base"} {
		_, err := timezones.Load(name)
		assert.Error(t, err, name)
	}
}
