// Package nearest answers "which word was meant?" where somebody mistyped one.
package nearest

import (
	"slices"
	"strings"
)

// To finds the known word that somebody who wrote this may have meant: one letter in three may be wrong.
func To(written string, known []string) (string, bool) {
	best, least := "", max(1, len(written)/3)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(strings.ToLower(written), k); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
// Long words are not compared.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
