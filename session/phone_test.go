package session_test

import (
	"testing"

	"countersign/session"

	"github.com/stretchr/testify/assert"
)

func TestNumbersAreNormalised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, region, want string }{
		{"+15551230001", "", "+15551230001"},
		{"15551230001", "", "+15551230001"},
		{"0015551230001", "", "+15551230001"},
		{"+49 (30) 901-820", "", "+4930901820"},
		{"030 901820", "DE", "+4930901820"},
		{"0049 30 901820", "de", "+4930901820"},
		{"+49 30 901820 ext. 12", "DE", "+4930901820"},
		{"5551230001", "US", "+15551230001"},
		{"+44 20 7946 0000", "DE", "+442079460000"},
		{"+39 06 698 82222", "", "+390669882222"},
	} {
		got, err := session.E164(c.raw, c.region)
		assert.NoError(t, err, c.raw)
		assert.Equal(t, c.want, got, "%s in %q", c.raw, c.region)
	}
}

func TestWhatIsNotANumberIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "anonymous", "Restricted", "unknown", "sip:1234567@example.org", "1234", "+", "0", "++", "alice", "+999123456789",
		"+1555", "+49 0083 20", "+49 30 00182#", "+62 00 6206 2000 0606 00", "🙂🙂🙂🙂🙂🙂",
	} {
		_, err := session.E164(raw, "DE")
		assert.ErrorIs(t, err, session.ErrNotANumber, raw)
	}
	for _, raw := range []string{"030901820", "5551234"} {
		_, err := session.E164(raw, "")
		assert.ErrorIs(t, err, session.ErrNoCountry, raw)
	}
}

func TestEventsShowFourDigitsAtMost(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+15551230001": "0001", "5000": "5000", "12": "12", "anonymous": "", "+1 555 12-34": "1234",
	} {
		assert.Equal(t, want, session.LastFour(number))
	}
}

func FuzzE164(f *testing.F) {
	f.Add("+49 30 901820", "DE")
	f.Add("0", "")
	f.Add("+49 0083 20", "D")
	f.Fuzz(func(t *testing.T, raw, region string) {
		n, err := session.E164(raw, region)
		if err != nil {
			return
		}
		assert.Regexp(t, `^\+[0-9]{5,15}$`, n)
		again, err := session.E164(n, region)
		assert.NoError(t, err)
		assert.Equal(t, n, again)
	})
}
