package spoken

// Digits reads a number of min to max digits, at most 32, and returns every way to understand it, best first: «twenty
// three» is 23 and 203. It returns none if it does not understand a word of it.
func Digits(language string, words []byte, min, max int) []Reading {
	return read(language, words, min, max, digitsAlone)
}

// Telephone is like Digits for telephone numbers, which may begin with a plus sign: «plus four nine …» is +49…. The
// sign does not count as a digit.
func Telephone(language string, words []byte, min, max int) []Reading {
	if max > maxLength {
		max = maxLength
	}
	all := read(language, words, min, max+1, withPlus)
	kept := all[:0]
	for _, r := range all {
		digits := len(r.text)
		if r.text[0] == '+' {
			digits--
		}
		if digits >= min && digits <= max {
			kept = append(kept, r)
		} else {
			r.Wipe()
		}
	}
	return kept
}

// Letters reads an identifier of min to max letters and digits, at most 32, and returns every way to understand it,
// best first. Letters are capitals of ASCII: Ä is AE, ß is SS. Separators that are said, such as «dash», are left out.
// The word that explains a letter counts: «D for Bravo» is B, and «B as in nine» is nothing.
func Letters(language string, words []byte, min, max int) []Reading {
	return read(language, words, min, max, withLetters)
}

func read(language string, words []byte, least, most int, m manner) []Reading {
	u := languageOf(language).hear(words)
	if u == nil {
		return nil
	}
	defer u.wipe()
	return u.readings(0, len(u.tokens), least, most, m)
}
