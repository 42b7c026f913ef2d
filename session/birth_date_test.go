package session_test

import (
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
)

func TestPossibleBirthDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for day, want := range map[string]bool{
		"1899-12-31": false, "1900-01-01": true, "1980-12-31": true, "2026-03-04": true, "2026-03-05": false,
	} {
		at, err := time.Parse(time.DateOnly, day)
		assert.NoError(t, err)
		assert.Equal(t, want, session.IsBirthDate(at, now), day)
	}
}
