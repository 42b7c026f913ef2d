package steps

import "slices"

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
// end, leaves 1 when divided by 97. A letter is its two-digit value, as ISO 17442 (LEI) and ISO 13616 (IBAN) have it.
func Mod97(number string) bool {
	rest := 0
	for i := range len(number) {
		v := value(number[i])
		switch {
		case v < 0, v > 9 && i >= len(number)-2:
			return false
		case v > 9:
			rest = (rest*100 + v) % 97
		default:
			rest = (rest*10 + v) % 97
		}
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

// Check is a way to check identifiers.
type Check struct {
	// Name is what a line calls it.
	Name string
	// Right says whether a whole identifier is right: digits, and capital letters where the check knows them.
	Right CheckDigit
	// Digits and Letters say that it is for identifiers of digits alone, and for those with letters.
	Digits, Letters bool
	// Keyed says whether what a caller keyed for an identifier with letters can be right. It is nil where any keys can:
	// a key is a digit or one of three or four letters, and a check tells only what all the letters are together.
	Keyed CheckDigit
}

// checks are all ways to check identifiers.
var checks = []Check{
	{Name: "luhn", Right: Luhn, Digits: true},
	{Name: "mod97", Right: Mod97, Digits: true, Letters: true},
	{Name: "mod11", Right: Mod11, Digits: true},
	{Name: "mod11-2", Right: Mod11Radix2, Digits: true, Letters: true, Keyed: Mod11Radix2Keyed},
	{Name: "mod37-2", Right: Mod37Radix2, Letters: true},
	{Name: "mod37-36", Right: Mod37Radix36, Letters: true},
	{Name: "luhn36", Right: LuhnMod(36), Letters: true},
}

// Checks returns all ways to check identifiers, in the order of documentation.
func Checks() []Check { return slices.Clone(checks) }

// CheckOf finds a check by its name; false if there is none.
func CheckOf(name string) (Check, bool) {
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return Check{}, false
	}
	return checks[i], true
}
