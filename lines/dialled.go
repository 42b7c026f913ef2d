package lines

import (
	"strings"

	"countersign/session"
)

// bare is a number without separators between its digits.
func bare(number string) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t()-./", r) {
			return -1
		}
		return r
	}, number)
	if strings.Trim(clean, "+0123456789*#") != "" {
		return number // a name
	}
	return clean
}

// prefix is the prefix of a Number that ends in "*".
func (n Number) prefix() (beginning string, is bool) { return strings.CutSuffix(string(n), "*") }

// numberKey is the same for all spellings of a number.
func numberKey(n Number, region string) string {
	beginning, isPrefix := n.prefix()
	if isPrefix {
		if rest, ok := strings.CutPrefix(beginning, "00"); ok {
			beginning = "+" + rest
		}
		return beginning + "*"
	}
	if r := session.ReadPhone(string(n), region); r.Err == nil {
		return r.E164
	}
	return string(n)
}
