package steps

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/session"
)

// FuzzReadDate: what is taken for a date of birth is a day that was, and is read again as itself.
func FuzzReadDate(f *testing.F) {
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	for _, keyed := range []string{"10121985", "121085", "29022000", "29022001", "000000", "99999999", "1*121985", ""} {
		f.Add([]byte(keyed), 0)
	}
	f.Add([]byte("19851210"), 1)
	orders := []string{"dmy", "ymd", "mdy"}
	f.Fuzz(func(t *testing.T, keyed []byte, order int) {
		date, ok := readDate(keyed, orders[uint(order)%3], now)
		if !ok {
			return
		}
		day, err := time.Parse("20060102", string(date.Reveal()))
		require.NoError(t, err)
		require.True(t, session.IsBirthDate(day, now), day)
		again, ok := readDate(date.Reveal(), "ymd", now)
		require.True(t, ok)
		require.Equal(t, date.Reveal(), again.Reveal())
	})
}
