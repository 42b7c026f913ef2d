package steps

// CheckDigit says whether a number's check digit is right, which saves a look-up and tells a slip of the finger from an unknown number.
type CheckDigit func(number string) bool

// Luhn is the check digit of ISO/IEC 7812-1, as on payment cards: every second digit from the right is doubled, and the sum of all digits is a multiple
// of ten.
func Luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(number) > 1 && sum%10 == 0
}
