// Package sim answers "what would a real FreeSWITCH send to our service?". It simulates one: for each call it dials
// the outbound event socket and sends what testdata/recordings show of FreeSWITCH 1.10.12 and 1.11.2, byte for byte
// except for times and ids. It is the telephone of `countersign call` and the callers of the demo.
//
// It is no telephone system: no SIP, no RTP, no audio. A prompt is a span of time, and a caller is a function that
// hears prompts and presses keys. It simulates only what the socket application touches.
package sim

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are common to all calls of a Switch: where the service is, the dialplan around it, and the speed of time.
type Options struct {
	// Release is the FreeSWITCH to simulate; the zero value is 1.10.12.
	Release Release
	// Address is the service: host:port, or several separated by "|", tried in this order as the socket application does.
	Address string
	// Full asks for "async full" instead of "async", which is all that the service needs.
	Full bool
	// Speed is how many times faster than real time prompts, silences and the caller's delays run. 1 is real time; 0 or
	// less does not wait at all. While FreeSWITCH waits for the service, time always runs at its real rate: a service
	// cannot be sped up.
	Speed float64
	// DeadMan is when the dialplan takes a call away from a service that hangs. 0: two minutes; below 0: never.
	DeadMan time.Duration
	// NoResume leaves the channel variable socket_resume out of the dialplan.
	NoResume bool
	// After is the extension, dialplan and context for a call whose socket ended without a transfer, or that the dead-man
	// switch took. Empty: DefaultAfter.
	After string
	// Dialplan replaces the actions of the fields above. Its action with the application socket is the service.
	Dialplan []Action
	// Extensions are the actions of transfer destinations ("agents XML default"). Any other destination answers, lasts
	// for Talk and goes to the Desk or hangs up.
	Extensions map[string][]Action
	// Desk are the agents of the application "callcenter". Nil: there are none.
	Desk *Desk
	// Talk is how long a call lasts at its destination, in the caller's time.
	Talk time.Duration
	// Engines are the installed speech engines. Any other is an error, as in FreeSWITCH.
	Engines []string
	// Sounds tells the lengths of prompts. Nil: the zero Sounds.
	Sounds *Sounds
	// Now is the clock; nil: time.Now. It must advance.
	Now func() time.Time
}

// DefaultAfter is the destination of a call that the service does not hand on.
const DefaultAfter = "agents XML default"

// Action is one line of a dialplan: an application and its argument.
type Action struct{ Application, Data string }

// Switch is one simulated FreeSWITCH. It is safe for concurrent use, and takes many calls at once.
type Switch struct {
	options  Options
	dialplan []Action
	sounds   *Sounds
	now      func() time.Time

	core     string // the first headers of every event, about the sender
	sequence atomic.Uint64
	sessions atomic.Uint32
	tasks    atomic.Uint32
	buffers  sync.Pool // of *buffers
	patterns sync.Map  // regular expression to *regexp.Regexp
}

// New makes a Switch. It fails if the options have no valid address or dialplan.
func New(o Options) (*Switch, error) {
	if o.Address == "" && o.Dialplan == nil {
		return nil, fmt.Errorf("simulated FreeSWITCH: no address of the service to call, expected host:port")
	}
	for host := range strings.SplitSeq(o.Address, "|") {
		if _, _, err := net.SplitHostPort(host); err != nil && o.Dialplan == nil {
			return nil, fmt.Errorf("simulated FreeSWITCH: address of the service %q: %w", host, err)
		}
	}
	if o.Release < 0 || int(o.Release) >= releases {
		return nil, fmt.Errorf("simulated FreeSWITCH: no release %d", o.Release)
	}
	s := &Switch{options: o, sounds: o.Sounds, now: o.Now}
	if s.sounds == nil {
		s.sounds = &Sounds{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.dialplan = o.Dialplan; s.dialplan == nil {
		s.dialplan = o.entry()
	}
	s.core = "Core-UUID: " + newUUID() + "\nFreeSWITCH-Hostname: sim\nFreeSWITCH-Switchname: sim\n" +
		"FreeSWITCH-IPv4: 192.0.2.2\nFreeSWITCH-IPv6: fd00%3A%3A2\nEvent-Date-Local: "
	s.sequence.Store(1000)
	return s, nil
}

// entry is the extension at which a call arrives, as in the shipped dialplan.
func (o Options) entry() []Action {
	after, mode := o.After, " async"
	if after == "" {
		after = DefaultAfter
	}
	if o.Full {
		mode = " async full"
	}
	var plan []Action
	if o.DeadMan >= 0 {
		plan = append(plan, Action{"sched_transfer", "+" + seconds(o.deadMan()) + " " + after})
	}
	if o.DeadMan >= 0 {
		plan = append(plan, Action{"set", "cs_when_hung=" + after})
	}
	if !o.NoResume {
		plan = append(plan, Action{"set", "socket_resume=true"})
	}
	return append(plan,
		Action{"socket", o.Address + mode},
		Action{"sched_cancel", ""},
		Action{"multiset", "^^|cs_status=none|cs_reason=unavailable"},
		Action{"transfer", after})
}

func (o Options) deadMan() time.Duration {
	if o.DeadMan == 0 {
		return 2 * time.Minute
	}
	return o.DeadMan
}

// extension returns the actions of a destination.
func (s *Switch) extension(destination string) []Action {
	if plan, ok := s.options.Extensions[destination]; ok {
		return plan
	}
	plan := []Action{{"answer", ""}}
	if s.options.Talk > 0 {
		plan = append(plan, Action{"sleep", fmt.Sprint(s.options.Talk.Milliseconds())})
	}
	if s.options.Desk != nil {
		plan = append(plan, Action{"callcenter", ""})
	}
	return append(plan, Action{"hangup", ""})
}

// newUUID is a random id in FreeSWITCH's form.
func newUUID() string {
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(b[8:], rand.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var out [36]byte
	hex.Encode(out[0:], b[0:4])
	hex.Encode(out[9:], b[4:6])
	hex.Encode(out[14:], b[6:8])
	hex.Encode(out[19:], b[8:10])
	hex.Encode(out[24:], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// number is a random number below n.
func number(n uint32) uint32 { return rand.Uint32N(n) }
