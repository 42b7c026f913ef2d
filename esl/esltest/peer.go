// Package esltest plays FreeSWITCH towards an outbound event-socket server, frame by frame as a test says, on the real
// wire: full-size frames cut from a recording of FreeSWITCH 1.10.12, and faults on demand. It keeps no model of a call;
// package sim does.
package esltest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait of a Peer.
const patience = time.Minute

// Peer is one connection, driven by one test goroutine. Anything unexpected fails the test, with a numbered transcript
// of the wire.
type Peer struct {
	t  testing.TB
	nc net.Conn
	in *bufio.Reader

	// ByteByByte writes every byte in a segment of its own.
	ByteByByte bool
	held       *bytes.Buffer // frames gathered by Hold

	mu         sync.Mutex
	transcript []string
}

// Command is what the server sent: a bare command or a sendmsg.
type Command struct {
	// Name is the first line: "connect", "filter Event-Name CHANNEL_HANGUP", "sendmsg".
	Name string
	// App, Arg and UUID belong to a sendmsg that executes an application.
	App, Arg, UUID string
	Header         textproto.MIMEHeader
}

// Dial connects to the server, as FreeSWITCH's socket application does, and hangs the connection up when the test ends.
func Dial(t testing.TB, addr string) *Peer {
	t.Helper()
	nc, err := net.DialTimeout("tcp", addr, patience)
	require.NoError(t, err)
	return NewPeer(t, nc)
}

// NewPeer plays FreeSWITCH on an open connection.
func NewPeer(t testing.TB, nc net.Conn) *Peer {
	p := &Peer{t: t, nc: nc, in: bufio.NewReader(nc)}
	t.Cleanup(func() {
		_ = nc.Close()
		if t.Failed() {
			t.Log(p.Transcript())
		}
	})
	return p
}

// Transcript is everything sent and received so far, numbered.
func (p *Peer) Transcript() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "the wire, > to the server, < from it:\n" + strings.Join(p.transcript, "\n")
}

func (p *Peer) note(direction, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	if len(first) > 200 {
		first = first[:200] + "…"
	}
	p.transcript = append(
		p.transcript, fmt.Sprintf("%3d %s %s", len(p.transcript)+1, direction, strings.ReplaceAll(first, "\n", " | ")),
	)
}

// Next reads the server's next command.
func (p *Peer) Next() Command {
	p.t.Helper()
	c, err := p.read()
	require.NoError(p.t, err, "waiting for a command")
	return c
}

// Expect reads the next command and requires it to be this one: the name of a bare command, or of the application to
// execute.
func (p *Peer) Expect(want string) Command {
	p.t.Helper()
	c := p.Next()
	got := c.Name
	if c.App != "" {
		got = c.App
	}
	require.Equal(p.t, want, got, "%+v", c)
	return c
}

// ExpectClosed requires the server to close the connection without another command; leaving with exit is allowed.
func (p *Peer) ExpectClosed() {
	p.t.Helper()
	for {
		c, err := p.read()
		if err != nil {
			require.NotErrorIs(p.t, err, errPatience, "waiting for the server to close the connection")
			return
		}
		require.Equal(p.t, "exit", c.Name)
	}
}

var errPatience = fmt.Errorf("nothing came within %s", patience)

func (p *Peer) read() (Command, error) {
	_ = p.nc.SetReadDeadline(time.Now().Add(patience))
	r := textproto.NewReader(p.in)
	var name string
	for name == "" {
		line, err := r.ReadLine()
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			return Command{}, errPatience
		}
		if err != nil {
			return Command{}, err
		}
		name = strings.TrimSpace(line)
	}
	c := Command{Name: name, Header: textproto.MIMEHeader{}}
	if !strings.HasPrefix(name, "sendmsg") {
		p.note("<", name)
		_, err := r.ReadLine()
		return c, err
	}
	h, err := r.ReadMIMEHeader()
	if err != nil {
		return c, err
	}
	c.Header, c.App, c.Arg, c.UUID = h, h.Get("Execute-App-Name"), h.Get("Execute-App-Arg"), h.Get("Event-Uuid")
	if n, _ := strconv.Atoi(h.Get("Content-Length")); n > 0 {
		body := make([]byte, n)
		if _, err := io.ReadFull(p.in, body); err != nil {
			return c, err
		}
		c.Arg = string(body)
	}
	p.note("<", fmt.Sprintf("execute %s(%s) %s", c.App, c.Arg, c.UUID))
	return c, nil
}

// Send writes a frame, or gathers it while frames are held.
func (p *Peer) Send(frame string) {
	p.t.Helper()
	if p.held != nil {
		p.held.WriteString(frame)
		return
	}
	p.note(">", frame)
	_ = p.nc.SetWriteDeadline(time.Now().Add(patience))
	step := len(frame)
	if p.ByteByByte {
		step = 1
	}
	for i := 0; i < len(frame); i += step {
		if _, err := io.WriteString(p.nc, frame[i:i+step]); err != nil {
			p.note("!", err.Error())
			return // the server has closed the connection; the test decides whether it may
		}
	}
}

// Hold buffers what is sent until Release writes it at once.
func (p *Peer) Hold() { p.held = &bytes.Buffer{} }

// Release writes everything since Hold in one write.
func (p *Peer) Release() {
	p.t.Helper()
	all := p.held.String()
	p.held = nil
	byteByByte := p.ByteByByte
	p.ByteByByte = false
	p.Send(all)
	p.ByteByByte = byteByByte
}

// Close drops the connection, like a FreeSWITCH that dies.
func (p *Peer) Close() { _ = p.nc.Close() }

// CloseWrite closes the stream towards the server and goes on reading.
func (p *Peer) CloseWrite() {
	if tcp, ok := p.nc.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

// ExpectNothingButSetupAndClose requires that the server sends at most its first write, and then closes the connection.
func (p *Peer) ExpectNothingButSetupAndClose() {
	p.t.Helper()
	for range 12 {
		c, err := p.read()
		if err != nil {
			require.NotErrorIs(p.t, err, errPatience, "waiting for the server to close the connection")
			return
		}
		require.NotContains(p.t, []string{"play_and_get_digits", "transfer"}, c.App)
	}
	p.ExpectClosed()
}

// ExpectNothingFor requires that the server neither says anything nor closes the connection for a while.
func (p *Peer) ExpectNothingFor(d time.Duration) {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(d))
	_, err := p.in.Peek(1)
	var timeout net.Error
	require.ErrorAs(p.t, err, &timeout)
	require.True(p.t, timeout.Timeout(), "%v", err)
}

// ExpectClosedWithoutAWord requires that the server closes the connection without another command, exit included.
func (p *Peer) ExpectClosedWithoutAWord() {
	p.t.Helper()
	c, err := p.read()
	require.Error(p.t, err, "%+v", c)
	require.NotErrorIs(p.t, err, errPatience, "waiting for the server to close the connection")
}
