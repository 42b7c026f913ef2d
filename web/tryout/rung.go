package tryout

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"countersign/esl"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/session"
	"countersign/session/event"
)

// Places rings telephones of staff (freeswitch.TestCalls).
type Places interface {
	// Place returns once somebody has answered. The call then comes to us, on the channel of that id.
	Place(ctx context.Context, telephone, channel string) error
	// Kill ends it.
	Kill(channel string)
}

// ErrNoTelephone: no telephone can be rung from here.
var ErrNoTelephone = errors.New("no telephone can be rung from here")

// comesWithin is how long an answered call may take to come to us.
const comesWithin = 10 * time.Second

// CanRing says whether telephones can be rung.
func (t *Telephones) CanRing() bool { return t.o.Places != nil }

// RingOn calls a draft from somebody's own telephone, in place of the call that they try already. Its events are
// journalled, marked as a test.
func (t *Telephones) RingOn(person, telephone, text string, known bool) (id string, err error) {
	if t.o.Places == nil {
		return "", ErrNoTelephone
	}
	def, err := lines.Parse("line", []byte(text))
	if err != nil {
		return "", err
	}
	c := newCall()
	c.channel, c.known, c.comes, c.over = uuid.NewString(), known, make(chan struct{}), make(chan struct{})
	c.view.Telephone = telephone
	if c.line, err = compile(def, t.o.Region(), c); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), life)
	c.hangUp = cancel
	if err := t.add(person, c); err != nil {
		cancel()
		return "", err
	}
	c.say(Said{Kind: "rings", Text: telephone})
	t.all.Go(func() {
		defer cancel()
		t.ring(ctx, c)
	})
	return c.id, nil
}

// ring has the telephone rung, and waits for the end of the call.
func (t *Telephones) ring(ctx context.Context, c *call) {
	defer t.o.Places.Kill(c.channel)
	t.expect(c)
	defer t.forget(c)
	if err := t.o.Places.Place(ctx, c.view.Telephone, c.channel); err != nil {
		t.o.Log.Info("a telephone was not reached to try a draft", "line", c.line.Name, "err", err)
		c.fail(err.Error())
		return
	}
	late := time.NewTimer(comesWithin)
	defer late.Stop()
	select {
	case <-c.comes:
	case <-ctx.Done():
		c.fail("")
		return
	case <-late.C:
		t.o.Log.Error("a call to try a draft was answered and did not come here: FreeSWITCH must reach this machine",
			"line", c.line.Name, "settings", "test_calls.socket, socket.listen, socket.allow")
		c.fail("FreeSWITCH did not reach this machine: test_calls.socket")
		return
	}
	select {
	case <-c.over:
	case <-ctx.Done():
		t.o.Places.Kill(c.channel)
		<-c.over
	}
}

func (t *Telephones) expect(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected[c.channel] = c
}

func (t *Telephones) forget(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.expected, c.channel)
}

// Handler takes the calls that were rung, hangs up those that nobody waits for, and leaves all others to callers.
func (t *Telephones) Handler(callers esl.Handler) esl.Handler {
	return func(ctx context.Context, call session.Call, ch session.Channel) {
		t.mu.Lock()
		c := t.expected[call.Channel]
		delete(t.expected, call.Channel) // once
		t.mu.Unlock()
		if c == nil && call.Dialled == freeswitch.TestNumber { // given up, or meant for another machine: nobody's customer
			call.Token.Wipe()
			if err := ch.Hangup(ctx, "NORMAL_CLEARING"); err != nil {
				t.o.Log.Warn("a test call that nobody waits for was not hung up", "err", err)
			}
			return
		}
		if c == nil {
			callers(ctx, call, ch)
			return
		}
		call.Token.Wipe()
		close(c.comes)
		defer close(c.over)
		tried := session.Call{ID: call.ID, Channel: call.Channel, Started: call.Started, Withheld: !c.known}
		if c.known {
			tried.Caller = Known
		}
		session.NewRunner(session.Options{
			Journal: told{t.o.Journal, c}, Prompts: t.o.Prompts, Line: func(session.Call) *session.Line { return c.line },
			Customer: customer{line: c.line}.ByID, Node: t.o.Node, Log: t.o.Log, Test: true,
		}).Run(ctx, tried, heard{ch, c})
		if !c.look().Over {
			c.fail("")
		}
	}
}

// told is a journal that says in the page how the call ends.
type told struct {
	session.Journal
	c *call
}

// Append implements session.Journal.
func (j told) Append(events ...event.Event) error {
	for _, e := range events {
		switch d := e.Data.(type) {
		case event.Routed:
			j.c.goesTo(d.Destination)
		case event.CallEnded:
			j.c.endsWith(d.Status, d.Reason)
		}
	}
	return j.Journal.Append(events...)
}

// heard is a channel that writes into the page what is heard, and how much is keyed. It hands the call to nobody.
type heard struct {
	session.Channel
	c *call
}

// Play implements session.Channel.
func (h heard) Play(ctx context.Context, files []string) error {
	h.c.hears(files, false)
	return h.Channel.Play(ctx, files)
}

// Fill implements session.Channel.
func (h heard) Fill(ctx context.Context, files []string) error {
	h.c.hears(files, false)
	return h.Channel.Fill(ctx, files)
}

// Collect implements session.Channel.
func (h heard) Collect(ctx context.Context, q session.Collect) (session.Entry, error) {
	h.c.hears(q.Files, true)
	e, err := h.Channel.Collect(ctx, q)
	if e.Keyed > 0 {
		h.c.say(Said{Kind: "keyed", Text: strings.Repeat("•", e.Keyed)})
	}
	return e, err
}

// Listen implements session.Channel.
func (h heard) Listen(ctx context.Context, l session.Listen) (session.Heard, error) {
	h.c.hears(l.Files, true)
	return h.Channel.Listen(ctx, l)
}

// Transfer implements session.Channel.
func (h heard) Transfer(ctx context.Context, _ session.Handover) error {
	return h.Hangup(ctx, "NORMAL_CLEARING")
}
