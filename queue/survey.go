package queue

import (
	"maps"
	"slices"
	"time"

	"countersign/session/event"
)

// Survey is what a server has at a moment: for the time after a connection was lost, when nobody knows what was missed.
type Survey struct {
	Server string
	// Began is when the server was asked; what was seen later is newer.
	Began time.Time
	// Alive has every channel that the server has.
	Alive map[string]bool
	// Rings and Talks are the telephones that ring, and who talks to whom, as far as they concern callers of Followed.
	Rings []Rings
	Talks []Talk
}

// Talk is a conversation that goes on; Since is when it began, zero if that is not known.
type Talk struct {
	Caller string
	With   Side
	Since  time.Time
}

// Followed are the callers' channels that a server may have, and those of the agents they talk to.
func (t *Tracker) Followed(server string) (callers, legs []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for channel, c := range t.calls {
		if !c.handedOn || c.server != "" && c.server != server {
			continue
		}
		callers = append(callers, channel)
		if c.talk != nil {
			legs = append(legs, c.talk.leg)
		}
	}
	return callers, legs
}

// Survey compares what a server has with what is known, and journals what was missed. A call is left alone if anything
// was seen of it since the server was asked.
func (t *Tracker) Survey(s Survey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rings, talks := map[*call][]Rings{}, map[string]Talk{}
	for _, r := range s.Rings {
		c, r := t.ringsFor(r)
		rings[c] = append(rings[c], r)
	}
	for _, k := range s.Talks {
		talks[k.Caller] = k
	}
	for channel, c := range t.calls {
		if !c.handedOn || !c.touched.Before(s.Began) || c.server != "" && c.server != s.Server {
			continue
		}
		switch {
		case s.Alive[channel]:
			t.compare(c, s, rings[c], talks[channel])
		case c.server == s.Server, t.nowhere(c, s.Server), s.Began.Sub(c.touched) > longest:
			t.change(c, s.Server, s.Began, func(c *call) {
				c.end(s.Began, "", event.AgentEndUnseen, event.MissedUnseen)
			})
		}
	}
	maps.DeleteFunc(t.links, func(channel string, l link) bool {
		return l.server == s.Server && l.seen.Before(s.Began) && !s.Alive[channel] && !s.Alive[l.other]
	})
}

// nowhere notes that a server does not have a call, and says whether all of them have said so.
func (t *Tracker) nowhere(c *call, server string) bool {
	c.missing[server] = true
	return len(c.missing) >= t.o.Servers
}

// compare brings a call that is alive up to date.
func (t *Tracker) compare(c *call, s Survey, rings []Rings, now Talk) {
	clear(c.missing)
	at := s.Began
	if c.talk != nil && c.talk.leg != now.With.Channel && !s.Alive[c.talk.leg] {
		t.change(c, s.Server, at, func(c *call) { c.done(at, event.AgentEndUnseen, "") })
	}
	if now.With.Channel != "" && !t.isRelay(now.With.Channel) && (c.talk == nil || c.talk.leg != now.With.Channel) {
		t.legs[now.With.Channel] = leg{call: c, answered: true}
		began := at
		if now.Since.After(c.since) && now.Since.Before(at) {
			began = now.Since
		}
		t.change(c, s.Server, at, func(c *call) { c.bridged(began, now.With) })
	}
	for _, o := range slices.Clone(c.offers) {
		still := slices.ContainsFunc(rings, func(r Rings) bool { return r.Agent == o.agent })
		if !still && o.began.Before(s.Began) {
			t.change(c, s.Server, at, func(c *call) { c.missed(at, o, event.MissedUnseen, "") })
		}
	}
	for _, r := range rings {
		t.see(s.Server, at, r)
	}
	c.server = s.Server
}
