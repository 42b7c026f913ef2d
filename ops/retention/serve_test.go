package retention

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/retention/retentiontest"
)

// logged are lines of a log, as they come.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

func (l logged) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-l:
		return line
	case <-time.After(time.Minute):
		require.FailNow(t, "nothing was logged")
		return ""
	}
}

// serve runs Serve to the end of the test.
func serve(t *testing.T, o Options) logged {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log := make(logged, 100)
	var serving sync.WaitGroup
	serving.Go(func() { Serve(ctx, o, slog.New(slog.NewTextHandler(log, nil))) })
	t.Cleanup(func() {
		cancel()
		serving.Wait()
	})
	return log
}

func TestTheServiceRunsAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	o := kept(t)
	o.Every = 10 * time.Millisecond
	var later atomic.Int64
	o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	log := serve(t, o)
	line := log.next(t)
	assert.Contains(t, line, `msg="removed expired data"`)
	assert.Contains(t, line, "calls=1 events=2 report_calls=2 audit_entries=0")
	assert.Equal(t, []string{"old", "young"}, retentiontest.Reported(t, o.Reports))
	later.Store(int64(2 * day))
	assert.Contains(t, log.next(t), "calls=1 events=2 report_calls=1 audit_entries=0", "the young call is old now")
	assert.Len(t, o.audited(t), 2, "runs that remove nothing say nothing")
}

func TestTheServiceSaysWhyNothingIsRemoved(t *testing.T) {
	t.Parallel()
	o := kept(t).at(8 * day)
	o.Every = 10 * time.Millisecond
	log := serve(t, o)
	for range 2 { // and goes on
		line := log.next(t)
		assert.Contains(t, line, "level=ERROR")
		assert.Contains(t, line, "the clock says")
	}
	assert.Empty(t, o.audited(t))
}
