// Package rest asks the company's own systems over HTTP: who a caller is, whether an answer is right, and a gateway to send a text message. What is asked
// and how the answer is read is configuration; nothing here knows a particular CRM.
//
// It refuses to guess. What it cannot ask, or cannot read without doubt, is an error that wraps ErrUnavailable, never a customer and never a right or a wrong
// answer. It refuses to follow redirects, to read more than it was told to, to wait longer than it was told to, and to put a secret anywhere but into a body.
package rest

import (
	"errors"
	"log/slog"
	"os"
	"time"
)

// ErrUnavailable says that the other side could not be asked or gave no answer that can be understood: never the caller's failure. The error that wraps it says
// what was asked, of which host, and what went wrong; it holds no secret, no telephone number and nothing of the answer.
var ErrUnavailable = errors.New("unavailable")

// ErrCountry says that a message was not sent because its number belongs to a country that is not on the list.
var ErrCountry = errors.New("no messages are sent to that country")

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

func (o Options) defaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	return o
}
