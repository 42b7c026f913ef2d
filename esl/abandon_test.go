package esl

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// The digits are wiped as soon as abandon returns, so the reader must be done with them.
func TestAbandonWaitsForAReaderThatIsHandingOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &conn{running: map[string]*execution{}}
		handOver, handedOver, forgotten := make(chan struct{}), false, false
		x := &execution{id: "cs-1", done: make(chan error, 1), read: func(header) {
			<-handOver
			handedOver = true
		}}
		c.running[x.id] = x
		go c.complete(x.id, nil, nil)
		synctest.Wait() // the reader reads
		gone := errors.New("the caller hung up")
		go func() {
			assert.Equal(t, gone, c.abandon(x, gone))
			assert.True(t, handedOver)
			forgotten = true
		}()
		synctest.Wait()
		assert.False(t, forgotten, "it returned while the reader was still at it")
		close(handOver)
		synctest.Wait()
		assert.True(t, forgotten)
	})
}

func TestAbandonDoesNotWaitForACompletionThatHasNotCome(t *testing.T) {
	t.Parallel()
	c := &conn{running: map[string]*execution{}}
	read := false
	x := &execution{id: "cs-1", done: make(chan error, 1), read: func(header) { read = true }}
	c.running[x.id] = x
	gone := errors.New("the caller hung up")
	assert.Equal(t, gone, c.abandon(x, gone))
	c.complete(x.id, nil, nil)
	assert.False(t, read, "what comes afterwards is nobody's")
}
