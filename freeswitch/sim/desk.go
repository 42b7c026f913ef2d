package sim

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// DeskOptions describe the agents of a Desk. Zero values have defaults.
type DeskOptions struct {
	// Agents are their names, as mod_callcenter has them: "1001@bank.example". Default: 1001 to 1004 at sim.
	Agents []string
	// Queue is the name of their one queue. Default: "agents@default".
	Queue string
	// Ring is how long an agent lets it ring, Talk how long a conversation lasts, both on average and in the caller's
	// time: 3 s and 12 s.
	Ring, Talk time.Duration
	// Patience is how long it rings at an agent who does not answer: 10 s.
	Patience time.Duration
	// Misses is the share of offers that nobody answers, from 0 to 1.
	Misses float64
	// Seed makes the agents' chances the same each time.
	Seed uint64
	// Password is the one of the event socket. Default: "ClueCon", as FreeSWITCH has it.
	Password string
}

// Desk are agents with telephones and the queue that calls them, as mod_callcenter does: the application "callcenter"
// of a Switch that has it. Its event socket (Listen) tells about them. It is safe for concurrent use, and serves
// several Switches.
type Desk struct {
	o DeskOptions

	socket eventSocket

	mu    sync.Mutex
	rand  *rand.Rand
	free  []string      // agents without a call, the longest idle first
	freed chan struct{} // closed when an agent becomes free
	live  map[string]*channel
}

// channel is what the lists of the event socket show of a channel.
type channel struct {
	uuid, direction, state, partner string
	headers                         string // of its events, as uuid_dump has them
}

// NewDesk makes a Desk whose agents are all free.
func NewDesk(o DeskOptions) *Desk {
	if len(o.Agents) == 0 {
		o.Agents = []string{"1001@sim", "1002@sim", "1003@sim", "1004@sim"}
	}
	if o.Queue == "" {
		o.Queue = "agents@default"
	}
	if o.Ring <= 0 {
		o.Ring = 3 * time.Second
	}
	if o.Talk <= 0 {
		o.Talk = 12 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	if o.Password == "" {
		o.Password = "ClueCon"
	}
	return &Desk{
		o: o, rand: rand.New(rand.NewPCG(o.Seed, 7)), free: append([]string(nil), o.Agents...), freed: make(chan struct{}),
		live: map[string]*channel{},
	}
}

// take returns the agent who has been idle longest and has not just missed the call; "" if none is free, and what to
// wait for.
func (d *Desk) take(missed map[string]bool) (agent string, freed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, a := range d.free {
		if !missed[a] || len(missed) >= len(d.o.Agents) {
			d.free = append(d.free[:i:i], d.free[i+1:]...)
			return a, nil
		}
	}
	return "", d.freed
}

// release makes an agent free again.
func (d *Desk) release(agent string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = append(d.free, agent)
	close(d.freed)
	d.freed = make(chan struct{})
}

// chance is true in this share of cases.
func (d *Desk) chance(share float64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.Float64() < share
}

// about is a time around an average.
func (d *Desk) about(average time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(float64(average) * (0.5 + d.rand.Float64()))
}

// appears and disappears keep the lists of channels.
func (d *Desk) appears(c *channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live[c.uuid] = c
}

func (d *Desk) disappears(uuid string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.live, uuid)
}

// connect notes that two channels talk to each other.
func (d *Desk) connect(a, b string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if x, y := d.live[a], d.live[b]; x != nil && y != nil {
		x.partner, y.partner, y.state = b, a, "ACTIVE"
	}
}

// deskEvent tells the Desk of an event that is not one of a caller's channel. Headers are names and values in turn; empty
// ones are left out.
func (c *call) deskEvent(name string, headers ...string) {
	now := c.now()
	out := []byte("Event-Name: " + name + "\n" + c.sw.core + dates(now) + micros(now) + "\n")
	for i := 0; i+1 < len(headers); i += 2 {
		out = appendHeader(out, header{headers[i], headers[i+1]})
	}
	c.sw.options.Desk.tell(name, valueOf(headers, "Event-Subclass"), string(out)+"\n")
}

func valueOf(headers []string, name string) string {
	for i := 0; i+1 < len(headers); i += 2 {
		if strings.EqualFold(headers[i], name) {
			return headers[i+1]
		}
	}
	return ""
}

// deskHears tells the Desk of an event of the caller's channel.
func (c *call) deskHears(k *kind) {
	desk := c.sw.options.Desk
	if desk == nil || !desk.wants(k.name, "") {
		return
	}
	desk.tell(k.name, "", string(append(c.event(nil, k, c.sw.sequence.Load()), '\n')))
}

// Talking is how many agents talk.
func (d *Desk) Talking() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.live {
		if c.direction == "outbound" && c.partner != "" {
			n++
		}
	}
	return n
}

// Listeners is how many have subscribed to events and asked what there was before.
func (d *Desk) Listeners() (n int) {
	d.socket.mu.Lock()
	defer d.socket.mu.Unlock()
	for p := range d.socket.listeners {
		if p.follows() {
			n++
		}
	}
	return n
}
