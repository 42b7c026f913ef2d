package guard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAnIdentifierGivenAgainGetsTheLaterTime(t *testing.T) {
	t.Parallel()
	r := Rules{}.withDefaults()
	began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return began.Add(time.Duration(minute) * time.Minute) }
	var c caller
	for _, n := range []identifier{{at(5), "a"}, {at(1), "b"}, {at(3), "c"}, {at(9), "a"}, {at(2), "a"}} {
		c.addIdentifier(r, n)
	}
	assert.Equal(t, []identifier{{at(1), "b"}, {at(3), "c"}, {at(9), "a"}}, c.Identifiers)
}
