package sim

import (
	"context"
	"errors"
	"strings"
	"time"
)

// call is one call in a Switch. One goroutine runs it from arrival to hangup; a second one reads the socket.
type call struct {
	sw        *Switch
	cancelled <-chan struct{} // of the call's context; nil once handled
	o         CallOptions
	ctx       context.Context
	wire      wire
	clock
	caller actor

	leg           leg
	session       uint32
	profile       profile
	vars          variables
	state         state
	identity      string // the headers between the state's number and the answer state
	callerHeaders []byte // the profile as events carry it

	cause      string // of the hangup; empty while the call lives
	byCaller   bool
	pending    *destination // of a transfer under way: applications stop
	reset      bool         // the listener died and the dialplan goes on: applications stop
	stranded   bool         // the listener died after the call had left: nothing goes on
	inSocket   bool         // the socket application is running
	connected  bool         // the service sent connect
	locked     bool         // the running application was sent with event-lock
	holding    bool         // a silent question without event-lock runs: FreeSWITCH waits for the service in it
	controlled bool         // park waits for the listener
	commanded  bool         // the first command has arrived
	exiting    bool         // the service sent exit
	full       bool
	ackDue     bool     // the caller has yet to acknowledge the answer
	heard      []string // the files of the last prompt
	listening  bool     // a speech engine is listening
	said       *Act     // what it has heard and not yet reported
	stopped    bool     // it was told to stop
	tones      bool     // tones of keys are looked for (start_dtmf)
	recordings []*Recording
	tap        *tap // records the caller's side alone
	broken     bool // the prompt is to be broken off

	queue     []command // sendmsg commands that are still to run
	keys      []key     // pressed and not yet read
	dialed    []byte    // read and not secret
	deadlines []deadline
	lastApp   Action

	result    Result
	lastDigit time.Time // real time of the last entry; zero once the service has reacted
	quiet     time.Time // real time since when the caller hears nothing; zero during a prompt and an entry
	left      bool      // the call has left the service: End is known
}

// key is a pressed key; a secret one is not shown in events.
type key struct {
	digit  byte
	secret bool
}

// Call places one call and returns when it is over: hung up, handed on and ended, or stranded. An error means that the
// simulator could not place it, or that ctx ended, which hangs up. Faults of the service are in the Result.
func (s *Switch) Call(ctx context.Context, o CallOptions) (Result, error) {
	if o.To == "" {
		return Result{}, errors.New("simulated call: no number to call (CallOptions.To)")
	}
	c := newCall(ctx, s, o)
	defer c.recycle()
	defer c.stopTap()
	c.run()
	if c.cancelled != nil {
		return c.result, nil // the call was over before ctx ended
	}
	return c.result, context.Cause(ctx)
}

func newCall(ctx context.Context, s *Switch, o CallOptions) *call {
	b, ok := s.buffers.Get().(*buffers)
	if !ok {
		b = &buffers{make([]byte, 0, 16<<10), make([]byte, 0, 4<<10), make([]byte, 0, 2<<10),
			variables{make([]uint16, 0, 192), make([]variable, 0, 256), make([]byte, 0, 8<<10)}}
	}
	c := &call{sw: s, o: o, ctx: ctx, cancelled: ctx.Done(), session: s.sessions.Add(1), leg: newLeg(o)}
	c.clock = newClock(s.now, s.options.Speed)
	c.caller = actor{Caller: o.Caller}
	c.wire.out, c.wire.readBuffer, c.callerHeaders = b.out, b.read, b.caller
	c.vars = b.vars
	c.wire.now, c.wire.version = s.now, s.options.Release
	c.wire.watch = c.watcher()
	now := c.now()
	c.profile = profile{
		name: o.Name, number: o.From, network: "127.0.0.1", destination: o.To, context: o.Context, uuid: newUUID(),
		channel: "sofia/internal/" + c.leg.uri, index: 1, hidden: o.Withheld, created: now, arrived: now,
	}
	switch {
	case o.Withheld:
		c.profile.name = "Anonymous"
	case o.Name == "":
		c.profile.name = o.From
	}
	if o.Context == "" {
		c.profile.context = "public"
	}
	if o.UUID != "" {
		c.profile.uuid = o.UUID
	}
	uuid := c.profile.uuid
	c.identity = "\nChannel-Name: " + encoded(c.profile.channel) + "\nUnique-ID: " + uuid + "\nCall-Direction: inbound\n" +
		"Presence-Call-Direction: inbound\nChannel-HIT-Dialplan: true\nChannel-Call-UUID: " + uuid + "\nAnswer-State: "
	c.state = state{"CS_EXECUTE", "RINGING", "4", "ringing"}
	c.result = Result{UUID: uuid}
	c.profileChanged()
	c.arrive()
	if o.Record != "" {
		c.recordSession(o.Record)
		c.vars.set("cs_recording", o.Record)
	}
	for _, v := range o.Variables {
		c.vars.set(v.Name, v.Value)
	}
	return c
}

func (c *call) profileChanged() { c.callerHeaders = c.profile.render(c.callerHeaders[:0], "Caller-") }

// watcher passes frames to the transcript and CallOptions.Watch; nil if there is neither.
func (c *call) watcher() func(Frame) {
	if !c.o.Transcript && c.o.Watch == nil {
		return nil
	}
	return func(f Frame) {
		if c.o.Transcript {
			c.result.Transcript = append(c.result.Transcript, Frame{f.FromService, f.At, append([]byte(nil), f.Bytes...)})
		}
		if c.o.Watch != nil {
			c.o.Watch(f)
		}
	}
}

// run runs the whole call: one extension after the other, then the end.
func (c *call) run() {
	if desk := c.sw.options.Desk; desk != nil {
		desk.appears(&channel{uuid: c.profile.uuid, direction: "inbound", state: "ACTIVE"})
		defer desk.disappears(c.profile.uuid)
	}
	began, arrived := c.sw.now(), c.profile.arrived
	c.quiet = began
	plan := c.sw.dialplan
	for {
		c.extension(plan)
		if c.cause != "" || c.stranded {
			break
		}
		if c.pending == nil {
			c.hangup("NORMAL_CLEARING", false) // the dialplan is finished
			break
		}
		plan = c.route()
	}
	c.stopRecording("all")
	c.result.Times.Total, c.result.Times.Call = c.sw.now().Sub(began), c.now().Sub(arrived)
	c.end()
	c.conclude()
}

// extension runs the actions of a dialplan until one of them sends the call elsewhere.
func (c *call) extension(plan []Action) {
	for _, a := range plan {
		if !c.ready() {
			return
		}
		c.execute(a.Application, a.Data, "")
	}
}

// ready is switch_channel_ready: nothing has taken the call from the running application.
func (c *call) ready() bool {
	return c.cause == "" && c.pending == nil && !c.reset && !c.stranded
}

// snapshot keeps the variables and headers with which the call goes on.
func (c *call) snapshot() { c.result.Variables, c.result.Headers = c.vars.all(), c.vars.exported() }

// leave records how the call left the service; only the first time counts.
func (c *call) leave(how End, reason string) {
	if c.left {
		return
	}
	c.left = true
	c.result.End, c.result.Reason = how, reason
	if !c.quiet.IsZero() {
		c.result.Times.Silence = c.sw.now().Sub(c.quiet)
	}
	if how == Transferred && !c.lastDigit.IsZero() {
		c.result.Times.Handover = c.sw.now().Sub(c.lastDigit)
	}
}

// hangup is switch_channel_hangup: once.
func (c *call) hangup(cause string, byCaller bool) {
	if c.cause != "" {
		return
	}
	if byCaller {
		c.vars.set("sip_term_status", "200")
		c.vars.set("proto_specific_hangup_cause", "sip:200")
		c.vars.set("sip_term_cause", "16")
		c.leave(CallerHungUp, "")
	}
	c.cause, c.byCaller = cause, byCaller
	c.state.number, c.state.answer = "10", "hangup"
	if c.o.CutTail {
		c.wire.events = false
	}
	c.fire(channelHangup)
	c.deskHears(channelHangup)
	if byCaller {
		c.vars.set("sip_hangup_disposition", "recv_bye")
	}
	c.leave(HungUp, "")
}

// conclude completes the result.
func (c *call) conclude() {
	r := &c.result
	r.Cause = c.cause
	if r.Variables == nil {
		c.snapshot()
	}
	r.Lost = r.End == HungUp || r.End == Stranded || r.End != CallerHungUp && r.Destination == ""
	if c.stranded {
		r.End, r.Lost = Stranded, true
		r.Reason = strings.TrimPrefix(r.Reason+"; ", "; ") + "the service closed the socket after the call had moved on, " +
			"with socket_resume set: FreeSWITCH resets the call and leaves the caller in silence"
	}
}
