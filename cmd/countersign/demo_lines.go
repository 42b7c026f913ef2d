package main

import (
	"context"
	"errors"
	"regexp"
	"time"

	"countersign/backend/stub"
	"countersign/bus"
	"countersign/freeswitch/sim"
	"countersign/lines"
)

// demoLines are the examples that the demo puts in force beside the built-in line.
var demoLines = []string{"smartflows", "bank"}

// smsCatcher is a gateway for text messages on this machine that keeps what it is given.
type smsCatcher struct {
	*demoServer
	messages *stub.Messages
}

func startSMSCatcher() (*smsCatcher, error) {
	messages := stub.NewMessages("")
	s, err := startDemoServer(messages)
	return &smsCatcher{s, messages}, err
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// code is the last code that a number got.
func (c *smsCatcher) code(number string) string {
	all := c.messages.To(number)
	if len(all) == 0 {
		return ""
	}
	return sixDigits.FindString(all[len(all)-1].Text)
}

// applyDemoLines puts the examples in force and waits until calls meet them.
func applyDemoLines(ctx context.Context, s *service) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := s.state.Ready(ctx); err != nil {
		return err
	}
	for _, name := range demoLines {
		text, err := lines.Example(name)
		if err != nil {
			return err
		}
		_, err = s.state.Lines().Put(ctx, name, string(text), bus.Change{Author: "demo", Comment: "an example", Summary: []string{"new line"}})
		var there *bus.ConflictError
		if err != nil && !errors.As(err, &there) { // a second demo in the same --data finds it there
			return err
		}
	}
	for len(s.lines.All()) < len(demoLines) {
		select {
		case <-ctx.Done():
			return errors.New("the example lines did not come into force")
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// caller is the person on the line: the script, and whoever gets a text message keys what it says.
func (d *demonstration) caller(who sampleCaller) sim.Caller {
	script := sim.Script(sim.Human, who.answers...)
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if acts := script.Hear(p); len(acts) > 0 || who.texts == "" || !p.Has("ask-code") {
			return acts
		}
		return sim.Human.Type(p, d.sms.code(who.texts)+"#")
	})
}
