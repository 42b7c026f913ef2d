package steps

// CheckDigit says whether a number's check digit is right. It saves a look-up, and tells a typing error from an unknown
// number.
type CheckDigit func(number string) bool

// Luhn is the check digit of ISO/IEC 7812-1, as on payment cards: every second digit from the right is doubled, and the
// sum of all digits is a multiple of ten.
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

// Mod97 is the check of ISO/IEC 7064 MOD 97-10, as in reference numbers: the number, with its two check digits at the
// end, leaves 1 when divided by 97.
func Mod97(number string) bool {
	rest := 0
	for _, c := range []byte(number) {
		if c < '0' || c > '9' {
			return false
		}
		rest = (rest*10 + int(c-'0')) % 97
	}
	return len(number) > 2 && rest == 1
}

// Mod11 is the weighted check of ISBN-10 and many customer numbers: the digits, weighted 1, 2, 3 … from the right,
// add up to a multiple of 11. Numbers with a check digit of ten are not issued, because no key has it.
func Mod11(number string) bool {
	sum := 0
	for i := range len(number) {
		c := number[len(number)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		sum += (i + 1) * int(c-'0')
	}
	return len(number) > 1 && sum%11 == 0
}
