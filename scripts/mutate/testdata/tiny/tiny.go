// Package tiny has one line that its test watches and one that it does not.
package tiny

// Adult says whether somebody may come in.
func Adult(age int) bool {
	return age >= 18
}

// Clamp bounds n.
func Clamp(n, most int) int {
	if n > most {
		n = most
	}
	return n
}
