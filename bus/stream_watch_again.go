package bus

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// recentMost is how many events a watcher remembers, to recognise them after a crash of the server.
const recentMost = 1024

// handled is an event that was handled: its number in the stream and a hash of its bytes.
type handled struct {
	sequence uint64
	sum      [sha256.Size]byte
}

// recent are the events that were handled last, oldest first.
type recent struct {
	events []handled
	known  map[[sha256.Size]byte]bool
}

func (r *recent) add(sequence uint64, body []byte) {
	if r.known == nil {
		r.known = map[[sha256.Size]byte]bool{}
	}
	if len(r.events) == recentMost {
		delete(r.known, r.events[0].sum)
		r.events = r.events[1:]
	}
	h := handled{sequence, sha256.Sum256(body)}
	r.events = append(r.events, h)
	r.known[h.sum] = true
}

func (r *recent) has(body []byte) bool { return r.known[sha256.Sum256(body)] }

// goOn is the number of the first event that may be new, next or before. A server that crashed may have lost its last
// events and given their numbers to others: so it looks for the last event that is still where it was.
func (r *recent) goOn(ctx context.Context, stream jetstream.Stream, next uint64) (uint64, error) {
	others := false // have numbers of ours
	for i := len(r.events) - 1; i >= 0; i-- {
		h := r.events[i]
		msg, err := stream.GetMsg(ctx, h.sequence)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound): // lost, erased or expired
		case err != nil:
			return 0, fmt.Errorf("look up the last event: %w", err)
		case sha256.Sum256(msg.Data) == h.sum && (others || i < len(r.events)-1):
			return h.sequence + 1, nil
		case sha256.Sum256(msg.Data) == h.sum:
			return next, nil
		default:
			others = true
		}
	}
	if others {
		return r.events[0].sequence, nil
	}
	return next, nil
}
