// Package esl is the telephone line: FreeSWITCH's outbound event socket (docs/freeswitch.md#the-outbound-socket). It
// answers "what did the caller do" with a session.Channel on the wire, and trusts no peer: frames are bounded, replies
// are matched in order, completions by id, and a violation closes that one connection. FreeSWITCH then takes the
// dialplan's next action, and the caller goes to an agent.
//
// Each call has two goroutines: the call's own, which runs the Handler and writes commands, and a reader, the only one
// that reads the socket. The reader never waits for the call, so FreeSWITCH's event queue never fills. It decodes only
// the header lines that are needed, and overwrites every frame after reading it, because a frame may hold digits.
package esl

import (
	"log/slog"
	"net/netip"
	"time"

	"countersign/esl/tap"
	"countersign/session"

	"github.com/google/uuid"
)

// Options are the limits of a Server. A zero field has the default given here.
type Options struct {
	// MaxCalls bounds the connections at one time. Further ones are closed at once, and FreeSWITCH goes on with its
	// dialplan. Default 5,000.
	MaxCalls int
	// MaxHeader and MaxBody bound a frame's two parts in bytes. Default 128 KiB each; FreeSWITCH sends about 6 KB.
	MaxHeader, MaxBody int
	// Handshake is how long a peer may take to answer connect. Default 5 s.
	Handshake time.Duration
	// Reply is how long a peer may take to reply to a command. Default 5 s.
	Reply time.Duration
	// Frame is how long a frame may take from its first byte to its last. Default 10 s.
	Frame time.Duration
	// Silence is how long a peer may send nothing. It must be longer than the longest prompt with its timers. Default 5
	// min.
	Silence time.Duration
	// Stale is the silence after which a command is preceded by a query, to read what FreeSWITCH has sent meanwhile. It
	// must be longer than checking an answer takes, and shorter than the dead-man switch. Default 10 s.
	Stale time.Duration
	// Allow lists the addresses that may connect. Default: loopback.
	Allow []netip.Prefix
	// Keys says how keys come on a trunk (session.Call.Trunk). Default: DefaultKeys for all.
	Keys func(trunk string) Keys
	// Recognisers are the company's own, by the names that lines give to speech engines. Default: none.
	Recognisers map[string]session.Recogniser
	// Sounds is where FreeSWITCH leaves what callers say to them. Required with Recognisers.
	Sounds *tap.Folder
	// Reacted, if set, hears how long each of our reactions took: from reading the end of a prompt or of an entry to the
	// next command, with whatever was looked up and checked between. It must return at once; any goroutine may call it.
	Reacted func(time.Duration)
	// Log is for operators. Default: nothing is logged.
	Log *slog.Logger
	// NewCallID makes our id of a call. Default: UUID version 7, which sorts by time.
	NewCallID func() string
	// Now is the clock for the start of calls. Default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxCalls, 5000)
	setDefault(&o.MaxHeader, 128<<10)
	setDefault(&o.MaxBody, 128<<10)
	setDefault(&o.Handshake, 5*time.Second)
	setDefault(&o.Reply, 5*time.Second)
	setDefault(&o.Frame, 10*time.Second)
	setDefault(&o.Silence, 5*time.Minute)
	setDefault(&o.Stale, 10*time.Second)
	if o.Allow == nil {
		o.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if o.Keys == nil {
		o.Keys = func(string) Keys { return DefaultKeys() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NewCallID == nil {
		o.NewCallID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
