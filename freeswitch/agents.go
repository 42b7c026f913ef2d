package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/queue"
)

// AgentOptions are what WatchAgents needs. Servers and Desk are required.
type AgentOptions struct {
	// Servers are all FreeSWITCH machines that calls go to.
	Servers []Server
	// Desk is told what they see.
	Desk *queue.Tracker
	// Log gets connections that come and go. Default: no log.
	Log *slog.Logger

	every time.Duration // tests: default surveyEach
}

const (
	// surveyEach is how often a server is asked what it has: events may be lost, and a connection that is dead shows.
	surveyEach = time.Minute
	// watchFirst and watchMost are the pauses before the next attempt to connect.
	watchFirst, watchMost = 100 * time.Millisecond, 5 * time.Second
	// maxListing bounds a list of channels: about 40,000 of them.
	maxListing = 64 << 20
)

// subscribe has FreeSWITCH send what agentEvent understands. Events of modules that are not loaded do not come.
const subscribe = "event plain CHANNEL_ORIGINATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP " +
	"CUSTOM callcenter::info fifo::info"

// WatchAgents tells the Desk what happens to calls on all servers, until ctx ends. A server may be away: after each
// connection it is asked what it has.
func WatchAgents(ctx context.Context, o AgentOptions) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.every <= 0 {
		o.every = surveyEach
	}
	var all sync.WaitGroup
	for _, s := range o.Servers {
		all.Go(func() { (&agentWatch{AgentOptions: o, server: s}).run(ctx) })
	}
	all.Wait()
}

// agentWatch watches one server.
type agentWatch struct {
	AgentOptions
	server Server
	conn   *connection
	// replies has the answers to commands.
	replies chan answer
}

func (w *agentWatch) run(ctx context.Context) {
	log := w.Log.With("freeswitch", w.server.Address)
	told := false
	for delay := retry.Backoff(watchFirst, watchMost); ctx.Err() == nil; {
		err := w.connected(ctx, func() {
			delay.Reset()
			told = false
			log.Info("agents are watched")
		})
		if ctx.Err() != nil {
			return
		}
		if !told {
			told = true
			log.Warn("agents are not watched, FreeSWITCH is away: who gets calls is found out later", "err", err)
		}
		_ = retry.Pause(ctx, delay.NextBackOff())
	}
}

// connected logs in, subscribes, and tells what comes until the connection ends.
func (w *agentWatch) connected(ctx context.Context, ready func()) error {
	client := NewInbound(w.server)
	client.most = maxListing
	defer client.Close()
	opening, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := client.connect(opening); err != nil {
		return err
	}
	w.conn, w.replies = client.conn, make(chan answer)
	reply, err := w.conn.exchange(opening, subscribe, client.closed)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if len(reply.text) == 0 || reply.text[0] != '+' {
		return fmt.Errorf("subscribe: FreeSWITCH says %.120q", reply.text)
	}
	ready()
	return w.listen(ctx)
}

// listen hands on events as they come, while a second goroutine asks now and then what the server has.
func (w *agentWatch) listen(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	var surveying sync.WaitGroup
	defer surveying.Wait()
	defer stop(errors.New("the connection ended"))
	surveying.Go(func() { stop(w.surveys(ctx)) })
	for {
		select {
		case a := <-w.conn.answers:
			if a.kind == "text/event-plain" {
				w.tell(a.body)
				continue
			}
			select {
			case w.replies <- a:
			case <-ctx.Done():
			}
		case <-w.conn.over:
			return w.conn.err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tell translates an event.
func (w *agentWatch) tell(body string) {
	now := time.Now()
	for _, s := range readAgentEvent(body).seen() {
		w.Desk.See(w.server.Address, now, s)
	}
}

// api runs a command; listen gets its answer.
func (w *agentWatch) api(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	_ = w.conn.nc.SetWriteDeadline(deadline)
	if _, err := io.WriteString(w.conn.nc, "api "+command+"\n\n"); err != nil {
		return "", err
	}
	select {
	case a := <-w.replies:
		return a.body, nil
	case <-w.conn.over:
		return "", w.conn.err
	case <-ctx.Done():
		return "", fmt.Errorf("%.20s: %w", command, context.Cause(ctx))
	}
}
