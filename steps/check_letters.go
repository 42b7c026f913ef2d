package steps

// Check characters over letters. No library is used: those that there are for Go know MOD 97-10 alone, or are under the
// GPL. Letters are capitals, without spaces and dashes.

// value is that of a digit or letter in ISO/IEC 7064: 0 to 9, A is 10, Z is 35; -1 for anything else.
func value(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// Mod11Radix2 is the check of ISO/IEC 7064 MOD 11-2, as of ISNI, ORCID and Chinese identity cards: digits, and a check
// character at the end that is a digit or X.
func Mod11Radix2(text string) bool { return radix2(text, 11, 'X') }

// Mod37Radix2 is the check of ISO/IEC 7064 MOD 37-2, as of blood donations (ISBT 128): digits and letters. One check
// character in 37 is an asterisk, which no identifier on file has and no caller can key.
func Mod37Radix2(text string) bool { return radix2(text, 37, '*') }

// radix2 is a pure system of ISO/IEC 7064 with radix 2 and one check character. extra is the check character of the
// highest value; it can only be the last.
func radix2(text string, modulus int, extra byte) bool {
	rest := 0
	for i := range len(text) {
		v := value(text[i])
		switch {
		case text[i] == extra && i == len(text)-1:
			v = modulus - 1
		case v < 0 || v >= modulus-1:
			return false
		}
		rest = (rest*2 + v) % modulus
	}
	return len(text) > 1 && rest == 1
}

// Mod11Radix2Keyed is Mod11Radix2 for what a caller keys, where X is 9: a final 9 may be either.
func Mod11Radix2Keyed(keys string) bool {
	last := len(keys) - 1
	return Mod11Radix2(keys) || last > 0 && keys[last] == '9' && Mod11Radix2(keys[:last]+"X")
}

// Mod37Radix36 is the check of ISO/IEC 7064 MOD 37,36, as of GRid and ISAN: digits and letters, with a check character
// of these at the end.
func Mod37Radix36(text string) bool {
	product := 36
	for i := range len(text) {
		v := value(text[i])
		if v < 0 {
			return false
		}
		sum := (product + v) % 36
		if i == len(text)-1 {
			return len(text) > 1 && sum == 1
		}
		if sum == 0 {
			sum = 36
		}
		product = sum * 2 % 37
	}
	return false
}

// LuhnMod returns the Luhn algorithm over the first n of the digits and letters, with a check character of these at the
// end: 10 is Luhn's own, 16 that of MEID numbers (3GPP2 S.R0048), 36 has all of them.
func LuhnMod(n int) CheckDigit {
	return func(text string) bool {
		sum := 0
		for i := range len(text) {
			v := value(text[len(text)-1-i])
			if v < 0 || v >= n {
				return false
			}
			if i%2 == 1 {
				v = v*2/n + v*2%n
			}
			sum += v
		}
		return len(text) > 1 && sum%n == 0
	}
}
