package bus

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// Many operations find out at once that NATS hangs, and some tell only when that is over.
func TestNobodyIsToldOfAHangThatIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		s := &State{hang: newHang(), log: slog.New(slog.NewTextHandler(&said, nil))}
		s.hang.set(true)
		s.hang.set(false)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.watchHang(ctx) }()
		synctest.Wait()
		cancel()
		<-done
		assert.Empty(t, said.String())
	})
}
