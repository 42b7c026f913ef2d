package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTimesThatAreTheSameAreAddedAndTakenAwayOneByOne(t *testing.T) {
	t.Parallel()
	times := changed(nil, map[int64]int{5: 3, -2: 1, 7: 2})
	assert.Equal(t, []int64{-2, 5, 5, 5, 7, 7}, times)
	times = changed(times, map[int64]int{5: -2, 7: -1, 6: 1})
	assert.Equal(t, []int64{-2, 5, 6, 7}, times)
	assert.Empty(t, changed(times, map[int64]int{-2: -1, 5: -1, 6: -1, 7: -1}))
}
