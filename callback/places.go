package callback

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"countersign/session/shared"
)

// taken are the callbacks of a window.
type taken struct {
	IDs []string `json:"ids"`
}

func windowKey(line string, from time.Time) string {
	return windowPrefix + "." + strconv.FormatInt(from.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(line))
}

// takePlace takes a place in the window that begins at from.
func (b *Book) takePlace(ctx context.Context, id, line string, at time.Time) (from, to time.Time, err error) {
	now := b.o.Now()
	w, ok := b.o.Windows().At(at)
	if !ok || !w.From.After(now) || w.From.After(now.Add(b.o.Ahead)) {
		return from, to, ErrFull
	}
	return w.From.UTC(), w.To.UTC(), b.takeIn(ctx, id, line, w)
}

// takePlaceNow takes a place in the window of now, from now on.
func (b *Book) takePlaceNow(ctx context.Context, id, line string) (from, to time.Time, err error) {
	now := b.o.Now()
	w, ok := b.o.Windows().Now(now)
	if !ok {
		return from, to, ErrFull
	}
	return w.From.UTC(), w.To.UTC(), b.takeIn(ctx, id, line, w)
}

func (b *Book) takeIn(ctx context.Context, id, line string, w Window) error {
	now := b.o.Now()
	return b.inWindow(ctx, line, w, func(t *taken) error {
		if slices.Contains(t.IDs, id) {
			return nil
		}
		if len(t.IDs) >= b.o.Capacity() {
			t.IDs = slices.DeleteFunc(t.IDs, func(id string) bool { return b.isGone(id, w, now) })
		}
		if len(t.IDs) >= b.o.Capacity() {
			return ErrFull
		}
		t.IDs = append(t.IDs, id)
		return nil
	})
}

// bookedWithin is how long booking takes at most: a place without a callback is free after that.
const bookedWithin = time.Minute

// isGone says whether a callback does not need its place: it is over, was moved, or whoever booked it died half-way.
func (b *Book) isGone(id string, w Window, now time.Time) bool {
	c, err := b.Get(id)
	if err == nil {
		return c.State.Over() || !c.From.Equal(w.From)
	}
	made, err := uuid.Parse(id)
	if err != nil {
		return true
	}
	seconds, nanoseconds := made.Time().UnixTime()
	return now.Sub(time.Unix(seconds, nanoseconds)) > bookedWithin
}

// leavePlace gives a place back. If it fails, isGone finds it.
func (b *Book) leavePlace(ctx context.Context, id, line string, from time.Time) {
	w := Window{From: from, To: from.Add(b.o.Windows().Length)}
	err := b.inWindow(ctx, line, w, func(t *taken) error {
		t.IDs = slices.DeleteFunc(t.IDs, func(other string) bool { return other == id })
		return nil
	})
	if err != nil {
		b.o.Log.Warn("the place of a callback is given back later", "callback", id, "err", err)
	}
}

// inWindow changes what is booked in a window by compare-and-swap.
func (b *Book) inWindow(ctx context.Context, line string, w Window, f func(*taken) error) error {
	k, keep := windowKey(line, w.From), max(time.Hour, w.To.Sub(b.o.Now())+24*time.Hour)
	for {
		var t taken
		value, revision, err := b.o.Store.Get(ctx, k)
		switch {
		case errors.Is(err, shared.ErrNotFound):
		case err != nil:
			return err
		default:
			if err := json.Unmarshal(value, &t); err != nil {
				return err
			}
		}
		if err := f(&t); err != nil {
			return err
		}
		text, err := json.Marshal(t)
		if err != nil {
			return err
		}
		if revision == 0 {
			_, err = b.o.Store.Create(ctx, k, text, keep)
		} else {
			_, err = b.o.Store.Update(ctx, k, text, revision, keep)
		}
		if !errors.Is(err, shared.ErrConflict) || ctx.Err() != nil {
			return err
		}
	}
}

// Free lists the windows of a line that can be booked.
func (b *Book) Free(ctx context.Context, line string) ([]Window, error) {
	now := b.o.Now()
	booked, err := b.o.Store.All(ctx, windowPrefix)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(b.o.Windows().In(now.Add(time.Minute), now.Add(b.o.Ahead)), func(w Window) bool {
		var t taken
		value, ok := booked[windowKey(line, w.From)]
		if !ok || json.Unmarshal(value, &t) != nil {
			return b.o.Capacity() < 1
		}
		n := 0
		for _, id := range t.IDs {
			if !b.isGone(id, w, now) {
				n++
			}
		}
		return n >= b.o.Capacity()
	}), nil
}
