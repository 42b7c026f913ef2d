package live

import (
	"context"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session/shared"
)

// lost are the versions that are in force here, or are removals known here, and that the store does not have any more.
type lost struct {
	mu       sync.Mutex
	versions []shared.LineVersion
	changed  chan struct{}
}

func (l *lost) set(v []shared.LineVersion) {
	l.mu.Lock()
	l.versions = v
	l.mu.Unlock()
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *lost) get() []shared.LineVersion {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.versions
}

// Lost are the lines whose last version the store has lost and does not have again yet.
func (l *Lines) Lost() (names []string) {
	for _, v := range l.lost.get() {
		names = append(names, v.Name)
	}
	return names
}

// putBackPatience is the attempt whose failure is logged: a connection may be a moment behind another.
const putBackPatience = 3

// Between attempts to put lines back.
const (
	putBackFirst = 100 * time.Millisecond
	putBackMost  = 5 * time.Second
)

// putBack writes lost versions to the store until ctx ends. The store's next answer says that it has them.
func (l *Lines) putBack(ctx context.Context, to Source) {
	failed := 0
	wait := retry.Backoff(putBackFirst, putBackMost)
	for {
		versions := l.lost.get()
		var again <-chan time.Time
		if len(versions) > 0 {
			err := l.putBackAll(ctx, to, versions)
			if err == nil {
				failed = 0
			} else if failed++; failed == putBackPatience && ctx.Err() == nil {
				l.o.Log.Error("lines missing in NATS cannot be put back, they stay in force here", "lines", l.Lost(), "err", err)
			}
			again = time.After(wait.NextBackOff())
		} else {
			wait.Reset()
		}
		select {
		case <-ctx.Done():
			return
		case <-l.lost.changed:
		case <-again:
		}
	}
}

func (l *Lines) putBackAll(ctx context.Context, to Source, versions []shared.LineVersion) error {
	for _, v := range versions {
		done, err := to.PutBack(ctx, v)
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		l.o.Log.Error("line was missing in NATS, or older there: it stayed in force here and was put back",
			"line", v.Name, "version", v.Version, "removed", v.Removed)
		if l.o.WasPutBack != nil {
			l.o.WasPutBack(ctx, v)
		}
	}
	return nil
}
