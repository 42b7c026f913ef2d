package bus

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
)

func TestWhereAWatcherGoesOn(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	again := made.Add(time.Hour)
	for name, c := range map[string]struct {
		next, last uint64
		created    time.Time
		want       uint64
	}{
		"for the first time: with the next event": {0, 10, time.Time{}, 11},
		"in the middle":                                  {5, 10, made, 5},
		"at the last event":                              {10, 10, made, 10},
		"behind the last event":                          {11, 10, made, 11},
		"further: a crash took the last one":             {12, 10, made, 11},
		"far behind the end: a crash took the last ones": {112, 10, made, 11},
		"a stream that was made again":                   {5, 10, again, 1},
		"a stream that was made again and is empty":      {5, 0, again, 1},
	} {
		w := watcher{next: c.next, created: c.created}
		info := &jetstream.StreamInfo{Created: made, State: jetstream.StreamState{LastSeq: c.last}}
		got := w.start(info)
		assert.Equal(t, jetstream.DeliverByStartSequencePolicy, got.DeliverPolicy, name)
		assert.Equal(t, c.want, got.OptStartSeq, name)
		assert.Nil(t, got.OptStartTime, name)
		assert.Equal(t, c.want, w.next, name)
		assert.Equal(t, made, w.created, name)
	}

	since := made.Add(-time.Hour)
	w := watcher{options: WatchOptions{Since: since}}
	got := w.start(&jetstream.StreamInfo{Created: made})
	assert.Equal(t, jetstream.DeliverByStartTimePolicy, got.DeliverPolicy)
	assert.Equal(t, &since, got.OptStartTime)
	w.next = 5
	got = w.start(&jetstream.StreamInfo{Created: made, State: jetstream.StreamState{LastSeq: 10}})
	assert.Equal(t, uint64(5), got.OptStartSeq, "only the first connection begins with a time")
}
