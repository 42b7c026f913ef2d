package spoken

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// texts are readings as text, one after the other.
func texts(readings []Reading) string {
	var all []string
	for _, r := range readings {
		all = append(all, string(r.Reveal()))
	}
	return strings.Join(all, " ")
}

// groups are the groups of a reading, with a dot between them.
func groups(r Reading) string {
	var all []string
	for _, g := range r.Groups() {
		all = append(all, string(g))
	}
	return strings.Join(all, "·")
}

// split is the groups of a text with dots between them.
func split(text string) [][]byte {
	var all [][]byte
	for g := range strings.SplitSeq(text, "·") {
		all = append(all, []byte(g))
	}
	return all
}

// readTable checks phrases, each with its readings.
func readTable(t *testing.T, read func(words []byte) []Reading, table [][2]string) {
	t.Helper()
	for _, row := range table {
		assert.Equal(t, row[1], texts(read([]byte(row[0]))), "%q", row[0])
	}
}
