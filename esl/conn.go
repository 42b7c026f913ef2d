package esl

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"countersign/session"
)

// ErrPeer: the peer broke the protocol. It is not FreeSWITCH's outbound socket.
var ErrPeer = errors.New("not an outbound event socket of FreeSWITCH")

// errNoReply: FreeSWITCH did not reply to a command in time. The connection is closed, because a late reply would be
// taken for the reply to the next command.
var errNoReply = errors.New("no reply in time")

// errClosed: the peer closed the connection in order.
var errClosed = errors.New("FreeSWITCH closed it")

// conn is one connection: commands out, replies and completions in. Its reader goroutine owns the reading side; the
// call's goroutine writes commands.
type conn struct {
	nc     net.Conn
	limits Options
	frames frameReader
	keys   *keysAhead
	// end cancels the call's context with the cause of the end of the connection or call. The first cause wins.
	end context.CancelCauseFunc

	// lastFrame is the time of the last frame. The reader writes it.
	lastFrame atomic.Int64
	// completed is the time of the frame that ended what the call waited for; 0 once a command followed.
	completed atomic.Int64
	// Owned by the reader: the call's destination when it came, and whether somebody has taken it away.
	destination []byte
	takenAway   bool

	mu       sync.Mutex
	leaving  bool                  // we have transferred the call ourselves
	replies  []reply               // of commands without a reply yet, oldest first
	running  map[string]*execution // applications whose completion is awaited, by Application-UUID
	overdue  *time.Timer           // fires when the oldest command has waited too long
	idPrefix string                // tells our completions from those of another connection to the same channel
	lastID   int
	bytesOut []byte
}

// reply says what to do with FreeSWITCH's reply to a command.
type reply struct {
	// take gets the reply's header block, in the reader's goroutine; nil when only a refusal matters.
	take func(header) error
	// refused gets a "-ERR" reply; nil makes it an error of the connection.
	refused func(error)
}

// execution is an application whose completion the call waits for.
type execution struct {
	id string
	// read takes what the call needs out of the completion event, in the reader's goroutine; may be nil.
	read func(header)
	done chan error
	// inside, if set, is an application that this one runs; its completion is the one to read.
	inside string
	// patience, if set, is how long it may take before stop is sent; stopped then says so.
	patience time.Duration
	stop     string
	stopped  bool
}

// outgoing is one command to write.
type outgoing struct {
	text  string
	reply reply
}

func newConn(nc net.Conn, limits Options, end context.CancelCauseFunc) *conn {
	c := &conn{
		nc: nc, limits: limits, end: end, running: map[string]*execution{}, idPrefix: "cs-" + rand.Text()[:8] + "-",
		keys: newKeysAhead(),
	}
	c.frames = frameReader{src: nc, maxHeader: limits.MaxHeader, maxBody: limits.MaxBody}
	var frameEnds time.Time
	c.frames.arm = func(begun bool) {
		now := time.Now()
		switch {
		case !begun:
			frameEnds = time.Time{}
			_ = nc.SetReadDeadline(now.Add(limits.Silence))
		case frameEnds.IsZero():
			frameEnds = now.Add(limits.Frame)
			_ = nc.SetReadDeadline(frameEnds)
		}
	}
	c.overdue = time.AfterFunc(time.Hour, func() {
		c.fail(fmt.Errorf("%w: %w after %s", session.ErrLineLost, errNoReply, limits.Reply))
	})
	c.overdue.Stop()
	return c
}

// fail ends the call with a cause and closes the connection. Only the first cause counts.
func (c *conn) fail(cause error) {
	c.end(cause)
	_ = c.nc.Close()
}

// lost ends the call because a command could not be written. A connection that FreeSWITCH has closed may still hold its
// last frames, and with them the reason, so the reader has a moment to find it.
func (c *conn) lost(err error) {
	time.AfterFunc(lastFramesWithin, func() { c.fail(err) })
}

// lastFramesWithin is how long the reader has for frames that have arrived already.
const lastFramesWithin = 500 * time.Millisecond

// close ends the connection without a cause of its own.
func (c *conn) close() {
	c.overdue.Stop()
	_ = c.nc.Close()
}

// send sends commands, if there are any, in one write. It queues their replies under the same lock, so that both have
// the same order.
func (c *conn) send(commands ...outgoing) error {
	if len(commands) == 0 { // no reply is due
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytesOut = c.bytesOut[:0]
	if len(c.replies) == 0 {
		c.overdue.Reset(c.limits.Reply)
	}
	for _, cmd := range commands {
		c.bytesOut = append(c.bytesOut, cmd.text...)
		c.replies = append(c.replies, cmd.reply)
	}
	now := time.Now()
	c.reacted(now)
	_ = c.nc.SetWriteDeadline(now.Add(c.limits.Reply))
	if _, err := c.nc.Write(c.bytesOut); err != nil {
		return fmt.Errorf("%w: %w", session.ErrLineLost, err)
	}
	return nil
}

// reacted tells how long our reaction took, if a command follows the end of something.
func (c *conn) reacted(now time.Time) {
	if c.limits.Reacted == nil {
		return
	}
	if since := c.completed.Swap(0); since != 0 {
		c.limits.Reacted(max(0, time.Duration(now.UnixNano()-since)))
	}
}

// waited begins the reaction anew: until now it was the caller's turn.
func (c *conn) waited() { c.completed.Store(time.Now().UnixNano()) }

// start builds the command that executes an application, and the execution to wait for.
func (c *conn) start(application, arg string, read func(header)) (*execution, outgoing, error) {
	c.mu.Lock()
	c.lastID++
	id := c.idPrefix + strconv.Itoa(c.lastID)
	c.mu.Unlock()
	text, err := execute(application, arg, id)
	if err != nil {
		return nil, outgoing{}, err
	}
	x := &execution{id: id, read: read, done: make(chan error, 1)}
	refused := func(err error) { c.complete(x.id, nil, fmt.Errorf("%s: %w", application, err)) }
	return x, outgoing{text: text, reply: reply{refused: refused}}, nil
}

// begin sends commands that start executions. Their completions are waited for on done, or given up with abandon.
func (c *conn) begin(xs []*execution, commands ...outgoing) {
	c.mu.Lock()
	for _, x := range xs {
		c.running[x.id] = x
	}
	c.mu.Unlock()
	if err := c.send(commands...); err != nil {
		c.lost(err)
	}
}

// wait sends commands and waits for the completion of x, or for the end of ctx, whose cause it returns.
func (c *conn) wait(ctx context.Context, x *execution, commands ...outgoing) error {
	if err := c.catchUp(ctx); err != nil {
		return err
	}
	c.begin([]*execution{x}, commands...)
	var late <-chan time.Time
	if x.patience > 0 {
		timer := time.NewTimer(x.patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case err := <-x.done:
		return err
	case <-ctx.Done():
		return c.abandon(x, context.Cause(ctx))
	case <-late:
		return c.stopLate(ctx, x)
	}
}

// abandon stops waiting for x because of err.
func (c *conn) abandon(x *execution, err error) error {
	c.mu.Lock()
	_, waiting := c.running[x.id]
	delete(c.running, x.id)
	c.mu.Unlock()
	if !waiting {
		<-x.done // the reader is handing over the digits: let it finish before the caller wipes them
	}
	return err
}

// errNoEnd: an application goes on after it was stopped. As it runs unlocked, the next one starts beside it.
var errNoEnd = errors.New("the application cannot be stopped")

// stopLate stops an application that takes too long, and waits for its end.
func (c *conn) stopLate(ctx context.Context, x *execution) error {
	if err := c.catchUp(ctx); err != nil {
		return c.abandon(x, err)
	}
	x.stopped = true
	if err := c.send(outgoing{text: x.stop}); err != nil {
		c.lost(err)
	}
	select {
	case err := <-x.done:
		return err
	case <-ctx.Done():
		return c.abandon(x, context.Cause(ctx))
	case <-time.After(c.limits.Reply):
		return c.abandon(x, errNoEnd)
	}
}

// complete ends an execution with its completion, and drops a completion that nobody waits for.
func (c *conn) complete(id string, h header, err error) {
	c.mu.Lock()
	x := c.running[id]
	delete(c.running, id)
	c.mu.Unlock()
	if x == nil {
		return
	}
	c.completed.Store(c.lastFrame.Load())
	if x.read != nil && x.inside == "" && err == nil {
		x.read(h)
	}
	x.done <- err
}

// completeInside reads the completion of an application that another one runs.
func (c *conn) completeInside(application string, h header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.running {
		if x.inside == application {
			x.read(h)
		}
	}
}

// readAll is the reader goroutine: it reads frames until the connection ends, and returns why it did.
func (c *conn) readAll() error {
	defer c.frames.wipe()
	for {
		f, err := c.frames.next()
		if err != nil {
			return c.readError(err)
		}
		c.lastFrame.Store(time.Now().UnixNano())
		if err := c.dispatch(f); err != nil {
			return err
		}
	}
}

// readError explains the end of the stream. Each means that the line is lost.
func (c *conn) readError(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", session.ErrLineLost, errClosed)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: the peer fell silent", session.ErrLineLost)
	default:
		return fmt.Errorf("%w: %w", session.ErrLineLost, err)
	}
}

var (
	typeReply      = []byte("command/reply")
	typeEvent      = []byte("text/event-plain")
	typeDisconnect = []byte("text/disconnect-notice")
)

func (c *conn) dispatch(f frame) error {
	kind, _ := f.head.raw("Content-Type")
	switch {
	case bytes.Equal(kind, typeEvent):
		return c.event(header(f.body))
	case bytes.Equal(kind, typeReply):
		return c.reply(f.head)
	case bytes.Equal(kind, typeDisconnect):
		// The channel is down. FreeSWITCH's listener may see that before the event of the hang-up is in its queue, and then
		// never sends that event.
		return &session.HangupError{}
	default:
		return fmt.Errorf("%w: %w: unexpected frame %.40q", session.ErrLineLost, ErrPeer, kind)
	}
}

// reply assigns a reply to the oldest command without one.
func (c *conn) reply(h header) error {
	c.mu.Lock()
	if len(c.replies) == 0 {
		c.mu.Unlock()
		return fmt.Errorf("%w: %w: a reply that no command asked for", session.ErrLineLost, ErrPeer)
	}
	r := c.replies[0]
	c.replies = c.replies[:copy(c.replies, c.replies[1:])]
	if len(c.replies) == 0 {
		c.overdue.Stop()
	} else {
		c.overdue.Reset(c.limits.Reply)
	}
	c.mu.Unlock()
	if r.take != nil {
		return r.take(h)
	}
	text, _ := h.raw("Reply-Text")
	if !bytes.HasPrefix(text, []byte("-")) {
		return nil
	}
	err := fmt.Errorf("FreeSWITCH refused a command: %.80q", text)
	if r.refused == nil {
		return fmt.Errorf("%w: %w", session.ErrLineLost, err)
	}
	r.refused(err)
	return nil
}

// catchUp makes sure that everything FreeSWITCH has sent is read before a command is sent: a process that was stopped
// for a while must not act on a call that was taken away meanwhile. It does nothing if a frame was read recently.
func (c *conn) catchUp(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if time.Since(time.Unix(0, c.lastFrame.Load())) < c.limits.Stale {
		return nil
	}
	answered := make(chan struct{})
	take := func(header) error { close(answered); return nil }
	if err := c.send(outgoing{text: "getvar uuid" + endOfCommand, reply: reply{take: take}}); err != nil {
		return err
	}
	select {
	case <-answered:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awayTimeout is how long the connection of a call that was taken away stays open if nobody unsets socket_resume.
const awayTimeout = 10 * time.Second

// leave sends exit and waits a moment for FreeSWITCH to close the connection, so that its side is not left with a
// half-open socket. After a transfer the call goes on without us.
func (c *conn) leave(ctx context.Context, readerDone <-chan struct{}) {
	if errors.Is(context.Cause(ctx), session.ErrTakenAway) {
		select {
		case <-readerDone:
		case <-time.After(awayTimeout):
		}
		return
	}
	if ctx.Err() != nil {
		return
	}
	c.completed.Store(0) // that nobody waits for
	if err := c.send(outgoing{text: exit, reply: reply{refused: func(error) {}}}); err != nil {
		return
	}
	select {
	case <-readerDone:
	case <-time.After(time.Second):
	}
}
