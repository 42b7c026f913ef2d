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
	for _, n := range []identifier{{At: at(5), Tag: "a"}, {At: at(1), Tag: "b"}, {At: at(3), Tag: "c"},
		{At: at(9), Tag: "a"}, {At: at(2), Tag: "a"}} {
		c.addIdentifier(r, n)
	}
	assert.Equal(t, []identifier{{At: at(1), Tag: "b"}, {At: at(3), Tag: "c"}, {At: at(9), Tag: "a", More: 2}},
		c.Identifiers)
}
