package staff

import (
	"fmt"
	"net/http"
	"reflect"
	"time"

	"countersign/web/access"
)

const (
	// boardEvery bounds how often a board is told of changes, aliveEvery how long a stream says nothing.
	boardEvery = 500 * time.Millisecond
	aliveEvery = 10 * time.Second
	// writeWithin bounds one write: a browser that does not read must not hold us.
	writeWithin = 5 * time.Second
)

// stream tells a browser what has changed, as server-sent events: the topics "desk" and "board". It ends within
// aliveEvery when the person signs out or may see something else, when the browser goes away, and when the service stops.
func (p *Pages) stream(w http.ResponseWriter, r *http.Request) error {
	if p.Live == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	watcher := p.Live.Watch(who.Agents, who.Sees)
	defer watcher.End()
	out := http.NewResponseController(w)
	send := func(format string, args ...any) error {
		if err := out.SetWriteDeadline(p.deadline(writeWithin)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return out.Flush()
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
	if send("retry: 1000\nevent: alive\ndata: 1\n\n") != nil {
		return nil
	}
	alive := time.NewTicker(p.alive)
	defer alive.Stop()
	board := time.NewTimer(0)
	<-board.C
	defer board.Stop()
	// A change of the board waits for the timer, and what came after it for the next: a board may be boardEvery old. So is
	// the one that a browser has just fetched.
	waiting, more := seesBoards(who), false
	if waiting {
		board.Reset(boardEvery)
	}
	for {
		var err error
		select {
		case <-r.Context().Done():
			return nil
		case <-alive.C:
			if now, ok, whoErr := p.still(r); whoErr == nil && (!ok || !reflect.DeepEqual(now, who)) {
				return nil // the browser comes again, and is told what is true then
			}
			err = send("event: alive\ndata: 1\n\n")
		case <-board.C:
			if waiting, more = more, false; waiting {
				board.Reset(boardEvery)
			}
			err = send("event: change\ndata: board\n\n")
		case _, ok := <-watcher.Changed:
			if !ok {
				return nil
			}
			mine, changed := watcher.Take()
			if mine {
				err = send("event: change\ndata: desk\n\n")
			}
			if more = more || changed; changed && !waiting {
				waiting = true
				board.Reset(boardEvery)
			}
		}
		if err != nil {
			return nil
		}
	}
}

func seesBoards(who access.Who) bool {
	return who.Has(access.Supervisor) || who.Has(access.Business) || who.Has(access.Admin)
}

// deadline is for the connection, which knows only the real time.
func (p *Pages) deadline(d time.Duration) time.Time { return time.Now().Add(d) }
