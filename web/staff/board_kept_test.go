package staff

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session/event"
	"countersign/web/live"
)

func TestABoardOfManyCallsIsCountedTwiceASecond(t *testing.T) {
	t.Parallel()
	var k boards
	now := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
	counted := 0
	board := func(calls int, lines ...string) boardPage {
		return k.get(now, lines, func() boardPage {
			counted++
			call := live.Call{Call: event.Call{ID: "call-1", Customer: "C-1", Agents: []event.CallAgent{{Agent: "1001"}}}}
			return boardPage{Asking: counted, Calls: []live.Call{call}, counted: calls}
		})
	}
	many := worthKeeping + 1
	mine := board(many, "retail")
	mine.hidePersons()
	assert.Equal(t, 1, board(many, "retail").Asking)
	assert.Equal(t, "C-1", board(many, "retail").Calls[0].Customer, "what is hidden from one is not from another")
	assert.Equal(t, "1001", board(many, "retail").Calls[0].Agents[0].Agent)
	assert.Equal(t, 2, board(many, "orders").Asking, "other lines are another board")
	now = now.Add(boardEvery)
	assert.Equal(t, 3, board(many, "retail").Asking)
	now = now.Add(-time.Hour)
	assert.Equal(t, 4, board(many, "retail").Asking, "a clock that was put back")
	assert.Equal(t, 5, board(10, "few").Asking)
	assert.Equal(t, 6, board(10, "few").Asking, "of few calls it costs nothing")
}
