package recogniser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"countersign/backend/endpoint"
	"countersign/session"
)

// Recogniser is a session.Recogniser over HTTP.
type Recogniser struct {
	endpoint *endpoint.Endpoint
	name     string
	rate     int
	timeout  time.Duration
	bargeIn  bool
}

var _ session.Recogniser = (*Recogniser)(nil)

// New checks a recogniser's settings and reads its variables and certificates. It does not connect.
func New(name string, e Engine, o endpoint.Options) (*Recogniser, error) {
	if err := errors.Join(e.check(name)...); err != nil {
		return nil, fmt.Errorf("speech.recognisers.%s: %w", name, err)
	}
	e, o = e.defaults(), o.Defaults()
	at, err := endpoint.New(e.URL, e.Headers, e.TLS, o)
	if err != nil {
		return nil, fmt.Errorf("speech.recognisers.%s: %w", name, err)
	}
	at.MaxResponse = maxResponse
	at.BreakWhen(breaker, o.Log)
	return &Recogniser{
		endpoint: at, name: name, rate: e.Rate, timeout: e.Timeout, bargeIn: e.BargeIn == nil || *e.BargeIn,
	}, nil
}

// Close closes idle connections.
func (r *Recogniser) Close() { r.endpoint.Close() }

// Ready implements session.Recogniser.
func (r *Recogniser) Ready() bool { return !r.endpoint.Open() }

// Rate implements session.Recogniser.
func (r *Recogniser) Rate() int { return r.rate }

// BargeIn implements session.Recogniser.
func (r *Recogniser) BargeIn() bool { return r.bargeIn }

// Recognise implements session.Recogniser.
func (r *Recogniser) Recognise(
	ctx context.Context, x session.Expected, grammar string, sound session.Sound,
) (e session.Entry, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	waiting := make(chan struct{})
	go func() { // the recogniser may not even have taken the connection when the caller ends
		defer close(waiting)
		r.endWhenLate(ctx, sound, cancel)
	}()
	defer func() { cancel(nil); <-waiting }()
	contentType := fmt.Sprintf("audio/L16; rate=%d; channels=1; endianness=little-endian", r.rate)
	err = r.endpoint.Stream(ctx, "recognise with "+r.name, query(x, grammar), contentType, sound,
		func(reply *endpoint.Reply) (err error) {
			e, err = read(reply.Body)
			return err
		})
	return e, err
}

// endWhenLate ends the request when the recogniser takes too long after the end of what was said.
func (r *Recogniser) endWhenLate(ctx context.Context, sound session.Sound, cancel context.CancelCauseFunc) {
	select {
	case <-sound.Ended():
	case <-ctx.Done():
		return
	}
	late := time.NewTimer(r.timeout)
	defer late.Stop()
	select {
	case <-late.C:
		cancel(context.DeadlineExceeded)
	case <-ctx.Done():
	}
}

// query is what the recogniser is told of the question.
func query(x session.Expected, grammar string) url.Values {
	q := url.Values{"expect": {string(x.Kind)}, "grammar": {grammar}, "language": {x.Language}}
	if x.Max > 0 {
		q.Set("min", strconv.Itoa(x.Min))
		q.Set("max", strconv.Itoa(x.Max))
	}
	return q
}
