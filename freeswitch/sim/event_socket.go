package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// eventSocket is the inbound event socket of mod_event_socket: whoever logs in may ask what channels there are, and
// subscribe to events.
type eventSocket struct {
	mu        sync.Mutex
	listener  net.Listener
	listeners map[*socketPeer]bool
	all       sync.WaitGroup
	closed    bool
}

// socketPeer is somebody who has connected.
type socketPeer struct {
	nc   net.Conn
	out  chan string
	quit chan struct{}
	once sync.Once

	mu     sync.Mutex
	events []string // subscribed: names, and CUSTOM subclasses
	asked  bool     // what there is, after that
}

// Listen opens the event socket. Close ends it.
func (d *Desk) Listen(address string) (net.Addr, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("simulated FreeSWITCH: %w", err)
	}
	s := &d.socket
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.listeners, s.closed = l, map[*socketPeer]bool{}, false
	s.all.Go(func() { d.accept(l) })
	return l.Addr(), nil
}

// Close ends the event socket and its connections.
func (d *Desk) Close() {
	s := &d.socket
	s.mu.Lock()
	s.closed = true
	if s.listener != nil {
		_ = s.listener.Close()
	}
	for p := range s.listeners {
		p.end()
	}
	s.mu.Unlock()
	s.all.Wait()
}

// Cut ends all connections, as a restart of FreeSWITCH or of the network would.
func (d *Desk) Cut() {
	d.socket.mu.Lock()
	defer d.socket.mu.Unlock()
	for p := range d.socket.listeners {
		p.end()
	}
}

func (d *Desk) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		p := &socketPeer{nc: nc, out: make(chan string, 4096), quit: make(chan struct{})}
		s := &d.socket
		s.mu.Lock()
		if s.closed {
			_ = nc.Close()
		} else {
			s.listeners[p] = true
			s.all.Go(p.write)
			s.all.Go(func() { d.talk(p) })
		}
		s.mu.Unlock()
	}
}

func (p *socketPeer) end() { p.once.Do(func() { close(p.quit); _ = p.nc.Close() }) }

// say queues a frame. FreeSWITCH, too, drops what a listener does not take.
func (p *socketPeer) say(frame string) {
	select {
	case p.out <- frame:
	default:
	}
}

func (p *socketPeer) write() {
	for {
		select {
		case frame := <-p.out:
			if _, err := io.WriteString(p.nc, frame); err != nil {
				return
			}
		case <-p.quit:
			return
		}
	}
}

// talk answers one peer's commands until it goes.
func (d *Desk) talk(p *socketPeer) {
	defer func() {
		p.end()
		d.socket.mu.Lock()
		defer d.socket.mu.Unlock()
		delete(d.socket.listeners, p)
	}()
	p.say("Content-Type: auth/request\n\n")
	in, known := bufio.NewReader(p.nc), false
	for {
		command, err := readCommandLines(in)
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(command, " ")
		switch {
		case verb == "auth" && rest == d.o.Password:
			known = true
			p.say("Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
		case verb == "exit":
			p.say("Content-Type: command/reply\nReply-Text: +OK bye\n\n")
			return
		case !known:
			p.say("Content-Type: command/reply\nReply-Text: -ERR invalid\n\n")
			return
		case verb == "event":
			p.subscribe(rest)
			p.say("Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n")
		case verb == "api":
			p.asks()
			body := d.api(rest)
			p.say(fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(body), body))
		default:
			p.say("Content-Type: command/reply\nReply-Text: -ERR command not found\n\n")
		}
	}
}

// readCommandLines reads a command up to its empty line, and returns the first line.
func readCommandLines(in *bufio.Reader) (first string, err error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		switch line = strings.TrimRight(line, "\r\n"); {
		case line == "" && first != "":
			return first, nil
		case first == "":
			first = line
		}
	}
}

func (p *socketPeer) subscribe(names string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, strings.Fields(names)[1:]...)
}

func (p *socketPeer) asks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = len(p.events) > 0
}

// follows says whether the peer hears of hangups and has asked what there is.
func (p *socketPeer) follows() bool {
	heard := p.hears("CHANNEL_HANGUP", "")
	p.mu.Lock()
	defer p.mu.Unlock()
	return heard && p.asked
}

// hears says whether the peer subscribed to an event.
func (p *socketPeer) hears(name, subclass string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.events, name) && (subclass == "" || slices.Contains(p.events, subclass))
}

// wants says whether anybody does.
func (d *Desk) wants(name, subclass string) bool {
	d.socket.mu.Lock()
	defer d.socket.mu.Unlock()
	for p := range d.socket.listeners {
		if p.hears(name, subclass) {
			return true
		}
	}
	return false
}

// tell sends an event to those who subscribed to it.
func (d *Desk) tell(name, subclass, event string) {
	frame := fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(event), event)
	d.socket.mu.Lock()
	defer d.socket.mu.Unlock()
	for p := range d.socket.listeners {
		if p.hears(name, subclass) {
			p.say(frame)
		}
	}
}

// api runs the commands that say what there is.
func (d *Desk) api(command string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	words := strings.Fields(command)
	if len(words) == 0 {
		return "-USAGE\n"
	}
	switch words[0] {
	case "hostname":
		return "sim"
	case "show":
		return d.show(words[1:])
	case "uuid_exists":
		if len(words) > 1 && d.live[words[1]] != nil {
			return "true"
		}
		return "false"
	case "uuid_dump":
		if len(words) > 1 && d.live[words[1]] != nil {
			return d.live[words[1]].headers
		}
		return "-ERR No such channel!\n"
	}
	return "-ERR " + words[0] + " command not found!\n"
}

// show lists channels, or conversations, as "show … as json" does.
func (d *Desk) show(what []string) string {
	rows := []map[string]string{}
	for _, c := range d.live {
		switch {
		case what[0] == "channels":
			rows = append(rows, map[string]string{"uuid": c.uuid, "direction": c.direction, "callstate": c.state})
		case what[0] == "bridged_calls" && c.partner != "" && c.direction == "inbound":
			rows = append(rows, map[string]string{"uuid": c.uuid, "b_uuid": c.partner})
		}
	}
	list := map[string]any{"row_count": len(rows)}
	if len(rows) > 0 {
		list["rows"] = rows
	}
	text, _ := json.Marshal(list)
	return string(text) + "\n"
}
