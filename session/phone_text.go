package session

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// phoneText is what a text says as a telephone number: digits, and how they are written.
type phoneText struct {
	digits string // ASCII, without a "(0)"
	plus   bool
	zeroAt int // where a "(0)" was between the digits, or -1
	areaAt int // where a bracket opens between the digits, or -1
}

// hasArea says whether the area code is in brackets, with nothing or the trunk prefix before it: a national number.
func (t phoneText) hasArea(trunk string) bool {
	return t.areaAt >= 0 && (t.areaAt == 0 || t.digits[:t.areaAt] == trunk)
}

// maxPhoneText bounds what is read, in bytes.
const maxPhoneText = 256

// readPhoneText takes the digits out of a number as people, trunks and CRMs write it: with visual separators, in
// digits of any script, as a tel: or sip: URI (RFC 3966, RFC 3261) with parameters, with an extension. ok is false if
// it is something else: a name, a number that is spelt with letters.
func readPhoneText(told string) (t phoneText, ok bool) {
	if len(told) > maxPhoneText {
		return t, false
	}
	number, context := withoutAddress(told)
	if t, ok = scanPhone(number); !ok || t.plus || !strings.HasPrefix(context, "+") {
		return t, ok
	}
	before, ok := scanPhone(context) // ;phone-context=+49 completes a local number
	before.digits += strings.TrimLeft(t.digits, "0")
	return before, ok
}

// withoutAddress takes the number out of a SIP address or URI. context is its phone-context.
func withoutAddress(told string) (number, context string) {
	number = strings.TrimSpace(told)
	if from := strings.LastIndexByte(number, '<'); from >= 0 {
		number, _, _ = strings.Cut(number[from+1:], ">")
	}
	for _, scheme := range []string{"tel:", "sip:", "sips:"} {
		if len(number) >= len(scheme) && strings.EqualFold(number[:len(scheme)], scheme) {
			number = number[len(scheme):]
			break
		}
	}
	number, _, _ = strings.Cut(number, "@")
	number, parameters, _ := strings.Cut(number, ";")
	if strings.Contains(number, "%") {
		if plain, err := url.PathUnescape(number); err == nil {
			number = plain
		}
	}
	for parameter := range strings.SplitSeq(parameters, ";") {
		if name, value, _ := strings.Cut(parameter, "="); strings.EqualFold(name, "phone-context") {
			context = value
		}
	}
	return number, context
}

// extension is what may follow a number: a telephone behind a switchboard, which has the same number for us.
var extension = regexp.MustCompile(`^(?i)(?:(?:ext(?:ension|n)?|x|dw|durchwahl|int|anexo|poste)[ .:]*|,+)[0-9]{1,8}$`)

// scanPhone reads digits between visual separators.
func scanPhone(s string) (t phoneText, ok bool) {
	var digits [maxPhoneText]byte
	n := 0
	t.zeroAt, t.areaAt = -1, -1
	for i, r := range s {
		d, isDigit := digitOf(r)
		switch {
		case isDigit && n > 0 && d == '0' && inBrackets(s, i, r):
			t.zeroAt = n
		case isDigit:
			digits[n] = d
			n++
		case r == '+' || r == '＋':
			if n > 0 || t.plus {
				return t, false
			}
			t.plus = true
		case r == '(' && t.areaAt < 0:
			t.areaAt = n
		case strings.ContainsRune(" \t()[]-./~", r) || isSeparator(r):
		case n > 0 && extension.MatchString(strings.TrimSpace(s[i:])):
			t.digits = string(digits[:n])
			return t, true
		default:
			return t, false
		}
	}
	t.digits = string(digits[:n])
	return t, true
}

// inBrackets says whether the digit r at i is alone in brackets.
func inBrackets(s string, i int, r rune) bool {
	after := i + utf8.RuneLen(r)
	return i > 0 && s[i-1] == '(' && after < len(s) && s[after] == ')'
}

// isSeparator knows the dashes, spaces and invisible marks that word processors and address books put into numbers.
func isSeparator(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf) || strings.ContainsRune("（）．／·−", r))
}

// digitOf reads a decimal digit of any script, such as Arabic-Indic or full-width.
func digitOf(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r):
		return 0, false
	}
	for _, block := range unicode.Nd.R16 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return '0' + byte((r-rune(block.Lo))%10), true
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return '0' + byte((r-rune(block.Lo))%10), true
		}
	}
	return 0, false
}
