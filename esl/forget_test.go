package esl

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// The caller wipes what was keyed as soon as forget returns: the reader must be done with it.
func TestForgetWaitsForAReaderThatIsHandingOver(t *testing.T) {
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
		synctest.Wait() // it reads
		gone := errors.New("the caller hung up")
		go func() {
			assert.Equal(t, gone, c.forget(x, gone))
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

func TestForgetDoesNotWaitForACompletionThatHasNotCome(t *testing.T) {
	t.Parallel()
	c := &conn{running: map[string]*execution{}}
	read := false
	x := &execution{id: "cs-1", done: make(chan error, 1), read: func(header) { read = true }}
	c.running[x.id] = x
	gone := errors.New("the caller hung up")
	assert.Equal(t, gone, c.forget(x, gone))
	c.complete(x.id, nil, nil)
	assert.False(t, read, "what comes afterwards is nobody's")
}
