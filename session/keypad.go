package session

// keysOfLetters are the keys of A to Z on a telephone (ITU-T E.161): 2 is ABC, 7 PQRS, 9 WXYZ.
const keysOfLetters = "22233344455566677778889999"

// Keypad returns the keys of a text on a telephone, one for each digit and letter of A to Z in either case: 221234 for
// "AB-1234". Spaces and dashes are not keyed. It returns "" if another character is in it, or nothing else.
func Keypad(text string) string {
	keys := make([]byte, 0, len(text))
	for _, c := range []byte(text) {
		switch {
		case c >= '0' && c <= '9':
			keys = append(keys, c)
		case c >= 'A' && c <= 'Z':
			keys = append(keys, keysOfLetters[c-'A'])
		case c >= 'a' && c <= 'z':
			keys = append(keys, keysOfLetters[c-'a'])
		case c == ' ' || c == '-':
		default:
			return ""
		}
	}
	return string(keys)
}
