package freeswitch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	publishedWithin = time.Minute
	natsWithin      = 30 * time.Second
)

// published is what subscribers of the service's NATS have received, since before the first call.
type published struct {
	conn *nats.Conn

	mu     sync.Mutex
	events []message
	all    []*nats.Msg
	news   chan struct{}
}

// message is a message on one of our subjects, and the event in it.
type message struct {
	*nats.Msg
	event event.Event
	err   error
}

// subscribe listens until the test ends. A service that is started again is a new NATS: subscribe again. As every
// consumer must, it drops an event that comes again, which JetStream allows when its confirmation is late: the stream
// holds it once (Stored).
func subscribe(t testing.TB, s *service) *published {
	t.Helper()
	p := &published{news: make(chan struct{})}
	first := map[string][]byte{} // by id
	key, err := nats.NkeyOptionFromSeed(filepath.Join(s.Data, "nats-write.key"))
	require.NoError(t, err)
	conn, err := nats.Connect("nats://"+s.NATS, key, nats.Timeout(natsWithin), nats.NoReconnect())
	require.NoError(t, err)
	p.conn = conn
	t.Cleanup(conn.Close)
	_, err = conn.Subscribe(event.Subjects, func(msg *nats.Msg) {
		if strings.HasSuffix(msg.Subject, ".probe") { // the service tests its NATS
			return
		}
		m := message{Msg: msg}
		m.err = json.Unmarshal(m.Data, &m.event)
		p.mu.Lock()
		defer p.mu.Unlock()
		if data, again := first[m.event.ID]; again {
			assert.Equal(t, string(data), string(m.Data), "an event comes again as it was")
			return
		}
		first[m.event.ID] = m.Data
		p.events = append(p.events, m)
		close(p.news)
		p.news = make(chan struct{})
	})
	require.NoError(t, err)
	// This one also gets what others are sent: what the service reads of its own stream comes on our subjects, too.
	_, err = conn.Subscribe(">", func(msg *nats.Msg) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all = append(p.all, msg)
	})
	require.NoError(t, err)
	require.NoError(t, conn.FlushTimeout(natsWithin))
	return p
}

// All is every message on every subject so far, with what NATS says about it.
func (p *published) All() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all [][]byte
	for _, m := range p.all {
		all = append(all, fmt.Appendf(nil, "%s\n%v\n%s", m.Subject, m.Header, m.Data))
	}
	return all
}

// journey is the events of one call, in the order in which they came.
type journey []event.Event

// Journey waits until a call's last event has come and returns all of them. It fails the test unless each came once, in
// order and without a gap, live and in the stream.
func (p *published) Journey(t testing.TB, c *call) journey {
	t.Helper()
	j := p.await(t, c, event.FactCallEnded)
	j.inOrder(t)
	assert.Equal(t, j, p.Stored(t, j[0].Call), "the stream holds the same events")
	return j
}

// await waits until an event of this kind has come for a call, and returns what has come so far.
func (p *published) await(t testing.TB, c *call, last event.Fact) journey {
	t.Helper()
	leg := c.Leg(t)
	timeout := time.After(publishedWithin)
	for {
		p.mu.Lock()
		all, news := p.events, p.news
		p.mu.Unlock()
		j := ofCall(t, all, leg)
		for _, e := range j {
			if e.Fact() == last {
				return j
			}
		}
		select {
		case <-news:
		case <-timeout:
			require.Fail(t, "no "+string(last)+" on NATS", "in %s for call %s; there is %v", publishedWithin, c.ID, j)
		}
	}
}

// ofCall picks the events of the call whose leg has this Unique-ID.
func ofCall(t testing.TB, all []message, leg string) (j journey) {
	t.Helper()
	for _, m := range all {
		require.NoError(t, m.err, "%s", m.Data)
		started, isFirst := m.event.Data.(event.CallStarted)
		if isFirst && started.Channel == leg || len(j) > 0 && j[0].Call == m.event.Call {
			assert.Equal(t, m.event.Subject(), m.Subject)
			assert.Equal(t, m.event.ID, m.Header.Get(nats.MsgIdHdr))
			j = append(j, m.event)
		}
	}
	return j
}

// Stored is the events of a call as the stream holds them, when the last one is there: a live subscriber may be told
// before the stream has stored it.
func (p *published) Stored(t testing.TB, call string) (j journey) {
	t.Helper()
	js, err := p.conn.JetStream(nats.MaxWait(natsWithin))
	require.NoError(t, err)
	deadline := time.Now().Add(publishedWithin)
	for seq, ended := uint64(1), false; ; seq++ {
		m, err := js.GetMsg(event.Stream, seq)
		if errors.Is(err, nats.ErrMsgNotFound) && !ended && await(time.Until(deadline), func() bool {
			return last(t, js) >= seq
		}) {
			m, err = js.GetMsg(event.Stream, seq)
		}
		if errors.Is(err, nats.ErrMsgNotFound) {
			if seq <= last(t, js) {
				continue // a test message of the service, which it has deleted
			}
			return j
		}
		require.NoError(t, err)
		if strings.HasSuffix(m.Subject, ".probe") {
			continue
		}
		var e event.Event
		require.NoError(t, json.Unmarshal(m.Data, &e))
		if e.Call == call {
			j = append(j, e)
			ended = ended || e.Fact() == event.FactCallEnded
		}
	}
}

// last is the sequence number of the stream's last message.
func last(t testing.TB, js nats.JetStreamContext) uint64 {
	t.Helper()
	info, err := js.StreamInfo(event.Stream)
	require.NoError(t, err)
	return info.State.LastSeq
}

// inOrder fails the test unless each event is there once, in order and without a gap.
func (j journey) inOrder(t testing.TB) {
	t.Helper()
	for i, e := range j {
		assert.Equal(t, i+1, e.Seq, "events come in order, once each: %v", j)
		assert.Equal(t, event.ID(e.Call, i+1), e.ID)
	}
}

// Story is the events in short, one line each, for comparing.
func (j journey) Story() (story []string) {
	for _, e := range j {
		line := string(e.Fact())
		switch d := e.Data.(type) {
		case event.StepStarted:
			line += " " + d.Step
		case event.StepFinished:
			line = fmt.Sprintf("%s %s %s %s", line, d.Step, d.Result, d.Reason)
			line = strings.TrimRight(line, " ")
			for _, a := range d.Attempts {
				line += " " + string(a.Result)
			}
		case event.Identified:
			line = fmt.Sprintf("%s %s %q by %s", line, d.Customer, d.Name, d.Method)
		case event.Verified:
			line = fmt.Sprintf("%s %s %q level %d by %v", line, d.Customer, d.Name, d.Level, d.Methods)
		case event.Failed:
			line = fmt.Sprintf("%s %s at %s, %s %s", line, d.Reason, d.Step, d.Status, d.Customer)
		case event.Routed:
			line = fmt.Sprintf("%s %s to %s", line, d.Outcome, d.Destination)
		case event.CodeSent:
			line = fmt.Sprintf("%s %s %s %s", line, d.Way, d.State, d.Last2)
		case event.CallEnded:
			line = fmt.Sprintf("%s %s %s %s", line, d.End, d.Status, d.Reason)
		}
		story = append(story, strings.TrimRight(line, " "))
	}
	return story
}

func (j journey) String() string { return strings.Join(j.Story(), "; ") }

// fact returns a journey's only event of a kind.
func fact[T event.Data](t testing.TB, j journey) T {
	t.Helper()
	var found []T
	for _, e := range j {
		if d, ok := e.Data.(T); ok {
			found = append(found, d)
		}
	}
	require.Len(t, found, 1, "%v", j)
	return found[0]
}
