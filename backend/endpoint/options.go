// Package endpoint makes requests to a system of the company: it fills in a template, sends it with a timeout, one
// retry and a circuit breaker, and reads the answer.
//
// It follows no redirects, reads and waits no more than configured, and puts secrets only into bodies.
package endpoint

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"
)

// ErrUnavailable means that the other side could not be reached or its answer could not be read: never the caller's
// failure. The error that wraps it names the operation, the host and the problem; it shows no secret, no telephone
// number and nothing of the answer.
var ErrUnavailable = errors.New("unavailable")

// Options are common to a Directory and a Gateway. All of them are optional.
type Options struct {
	// Log gets opening and closing of the breaker, warnings about unwise settings, and what is left out of an answer.
	// Default: no log.
	Log *slog.Logger
	// Env returns the variables that settings name as ${NAME}, when the constructor runs. Default: os.LookupEnv.
	Env func(name string) (value string, found bool)
	// Exchange, if set, hears of each request that was sent. It is for setting up a backend only: URLs and answers
	// name customers. Any goroutine may call it.
	Exchange func(Exchange)
	// LeftOut, if set, hears what is left out of an answer because it cannot be read. Any goroutine may call it.
	LeftOut func(what string)
	// Asked, if set, hears of each request, and of those that the breaker did not let through. It must return at once,
	// and any goroutine may call it; ctx is that of whoever asks.
	Asked func(ctx context.Context, a Asked)
	// Opened, if set, hears that the breaker opened, and that it closed again. It must return at once.
	Opened func(open bool)
}

// Asked is one request as operators count it: no URL, nobody's name, nothing of the answer.
type Asked struct {
	// Operation is one of ours: by_phone, check.pin, send.
	Operation string
	Began     time.Time
	Took      time.Duration
	Result    Result
}

// Result is what became of a request.
type Result string

const (
	// Answered: a whole answer, of any status but 408, 429 and 5xx. Whether it makes sense is not said.
	Answered Result = "answered"
	// Failed: no answer in time, a refused or broken connection, a status that says that the other side is unwell.
	Failed Result = "failed"
	// Unusable: an answer that cannot be read, or a request that cannot be made.
	Unusable Result = "unusable"
	// NotAsked: the breaker is open.
	NotAsked Result = "not_asked"
	// GivenUp: the caller is gone, or we stop.
	GivenUp Result = "given_up"
)

// Results lists them all.
func Results() []Result { return []Result{Answered, Failed, Unusable, NotAsked, GivenUp} }

func resultOf(err error) Result {
	f, ok := errors.AsType[*Failure](err)
	switch {
	case err == nil:
		return Answered
	case !ok:
		return GivenUp
	case f.open:
		return NotAsked
	case f.away:
		return Failed
	}
	return Unusable
}

// Exchange is a request that was sent and its answer.
type Exchange struct {
	Method, URL string
	// Status is 0 without an answer. Took is the time until the end of the answer or until the failure.
	Status int
	Took   time.Duration
	// Answer is the body of an answer that was read, valid until Exchange returns. It is nil if the request had a
	// secret, which the answer may repeat.
	Answer []byte
}

func (o Options) Defaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	return o
}
