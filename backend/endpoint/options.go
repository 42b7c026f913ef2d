// Package endpoint makes one request to a system of the company: a template is filled in, sent with a timeout, one retry and a circuit
// breaker, and the answer is read.
//
// It refuses to follow redirects, to read or wait more than it was told to, and to put a secret anywhere but into a body.
package endpoint

import (
	"errors"
	"log/slog"
	"os"
	"time"
)

// ErrUnavailable says that the other side could not be asked or gave no answer that can be understood: never the caller's failure. The error that wraps it says
// what was asked, of which host, and what went wrong; it holds no secret, no telephone number and nothing of the answer.
var ErrUnavailable = errors.New("unavailable")

// Options are what a Directory and a Gateway need of the process. All of them may be left out.
type Options struct {
	// Log hears when a backend is given up for a while and when it is back, and of settings that are allowed but unwise. Default: nothing is logged.
	Log *slog.Logger
	// Env finds the variables that settings name as ${NAME}. Default os.LookupEnv. It is asked once, by the constructor.
	Env func(name string) (value string, found bool)
	// Exchange, if set, is told of each request that was sent: for whoever sets a backend up, since URLs and answers name customers. It may come from any goroutine.
	Exchange func(Exchange)
}

// Exchange is a request that was sent, and what came back.
type Exchange struct {
	Method, URL string
	// Status is 0 if no answer came, Took until its end or until it was given up.
	Status int
	Took   time.Duration
	// Answer is the body of one that was read, and gone when Exchange returns. It is left out when the request had a secret in it: the answer may have it, too.
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
