package freeswitch_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// inbound is a connection to FreeSWITCH's own event socket: commands, and events in the order in which they happened.
// (eslgo's inbound client has a data race between Close and its own goroutine, which -race makes a failure, and mixes
// up the order of events.)
type inbound struct {
	conn    net.Conn
	replies chan textproto.MIMEHeader
	bodies  chan []byte
	read    sync.WaitGroup
	mu      sync.Mutex // one command at a time
}

// fsEvent is one event of FreeSWITCH; its values are decoded.
type fsEvent map[string]string

const (
	dialWithin = 2 * time.Second
	// mostBody bounds what a frame may announce: FreeSWITCH's own answers are far smaller.
	mostBody = 4 << 20
)

// dialInbound logs in. Events go to see, one after the other, until Close.
func dialInbound(address, password string, see func(fsEvent)) (*inbound, error) {
	conn, err := net.DialTimeout("tcp", address, dialWithin)
	if err != nil {
		return nil, err
	}
	c := &inbound{conn: conn, replies: make(chan textproto.MIMEHeader, 1), bodies: make(chan []byte, 1)}
	c.read.Add(1)
	go c.receive(see)
	if reply, _, err := c.do("auth "+password, dialWithin); err != nil || reply != "+OK accepted" {
		c.Close()
		return nil, fmt.Errorf("log in to %s: %q %w", address, reply, err)
	}
	return c, nil
}

// Close ends the connection and waits for its goroutine.
func (c *inbound) Close() {
	c.conn.Close()
	c.read.Wait()
}

// do sends a command and returns what it says: the text of the reply, or the body of an API answer.
func (c *inbound) do(command string, within time.Duration) (reply, body string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(within))
	if _, err := io.WriteString(c.conn, command+"\n\n"); err != nil {
		return "", "", err
	}
	select {
	case h, ok := <-c.replies:
		if !ok {
			return "", "", errors.New("FreeSWITCH closed the connection")
		}
		return h.Get("Reply-Text"), strings.TrimSpace(string(<-c.bodies)), nil
	case <-time.After(within):
		c.conn.Close() // the next command must not get this one's answer
		return "", "", fmt.Errorf("no answer in %s", within)
	}
}

func (c *inbound) receive(see func(fsEvent)) {
	defer c.read.Done()
	defer close(c.bodies)
	defer close(c.replies)
	r := textproto.NewReader(bufio.NewReader(c.conn))
	for {
		h, err := r.ReadMIMEHeader()
		if err != nil {
			return
		}
		n, _ := strconv.Atoi(h.Get("Content-Length"))
		if n < 0 || n > mostBody {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r.R, body); err != nil {
			return
		}
		switch h.Get("Content-Type") {
		case "command/reply", "api/response":
			c.replies <- h
			c.bodies <- body
		case "text/event-plain":
			see(parseEvent(body))
		}
	}
}

func parseEvent(body []byte) fsEvent {
	e := fsEvent{}
	for line := range bytes.Lines(body) {
		name, value, _ := strings.Cut(strings.TrimRight(string(line), "\n"), ": ")
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		e[name] = value
	}
	return e
}
