package steps_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/steps"
)

func TestChecksRefuseAnythingButDigits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		check steps.CheckDigit
		right string
	}{
		"Luhn": {steps.Luhn, "79927398713"}, "MOD 97-10": {steps.Mod97, "3214282912345698765432161182"},
		"modulo 11": {steps.Mod11, "0306406152"},
	} {
		assert.True(t, c.check(c.right), name)
		for place := range c.right {
			right := 0
			for b := range 256 {
				number := c.right[:place] + string([]byte{byte(b)}) + c.right[place+1:]
				if isDigit := b >= '0' && b <= '9'; c.check(number) {
					right++
					assert.True(t, isDigit || name == "MOD 97-10" && b >= 'A' && b <= 'Z', "%s: %q", name, number)
				}
			}
			if name != "MOD 97-10" { // which takes letters
				assert.Equal(t, 1, right, "%s: one digit out of ten is right, at place %d", name, place)
			}
		}
	}
}

// Two final digits give every remainder of 97, so one ending would pass if the byte before them counted.
func TestAByteThatIsNotADigitFailsEveryCheck(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		if b >= '0' && b <= '9' {
			continue
		}
		for end := range 100 {
			number := "1" + string([]byte{byte(b)}) + fmt.Sprintf("%02d", end)
			assert.False(t, steps.Luhn(number), "%q", number)
			assert.False(t, steps.Mod97(number) && (b < 'A' || b > 'Z'), "%q", number)
			assert.False(t, steps.Mod11(number), "%q", number)
		}
	}
}
