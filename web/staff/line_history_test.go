package staff

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTextsAreComparedRowByRow(t *testing.T) {
	t.Parallel()
	assert.Empty(t, compareTexts("a\nb\n", "a\nb\n"))
	assert.Equal(t,
		[]textRow{{" ", "2"}, {" ", "3"}, {" ", "4"}, {"-", "old"}, {"+", "new"}, {"+", "more"}, {" ", "5"}, {" ", "6"}, {" ", "7"}},
		compareTexts("1\n2\n3\n4\nold\n5\n6\n7\n8\n", "1\n2\n3\n4\nnew\nmore\n5\n6\n7\n8\n"))
	assert.Equal(t, []textRow{{" ", "a"}, {"+", "a"}}, compareTexts("a\n", "a\na\n"))
}

// A file can have some hundred thousand rows: it does not cost a table of their pairs.
func TestTextsThatDifferInManyRowsAreShownWhole(t *testing.T) {
	t.Parallel()
	const many = 100_000
	rows := compareTexts("same\n"+strings.Repeat("a\n", many), "same\n"+strings.Repeat("b\n", many))
	assert.Len(t, rows, 1+2*many)
	assert.Equal(t, textRow{"-", "a"}, rows[1])
	assert.Equal(t, textRow{"+", "b"}, rows[2*many])
}
