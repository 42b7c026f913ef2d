package freeswitch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"countersign/session"
)

// RefusedError is FreeSWITCH's error reply to a command.
type RefusedError struct {
	// Command is the name of the API command, Text FreeSWITCH's reply.
	Command, Text string
}

func (e *RefusedError) Error() string { return e.Command + ": FreeSWITCH says " + e.Text }

// Server is the event socket of a FreeSWITCH (event_socket.conf.xml).
type Server struct {
	// Address is host:port; FreeSWITCH's default is 127.0.0.1:8021.
	Address string
	// Password is the one of event_socket.conf.xml. It appears in no log and no error.
	Password session.Secret
}

const (
	dialTimeout = 2 * time.Second
	// apiTimeout bounds a command whose context has no earlier deadline.
	apiTimeout = 10 * time.Second
)

// Inbound runs API commands on one FreeSWITCH, over one connection. It connects at the first command, and again after
// the connection was lost. It is safe for concurrent use; commands run one after the other.
type Inbound struct {
	server Server
	most   int // bytes of an answer
	// turn holds one value: take it to use conn, then put it back.
	turn   chan struct{}
	conn   *connection
	closed chan struct{}
	once   sync.Once
}

// NewInbound makes an Inbound. It does not connect yet.
func NewInbound(s Server) *Inbound {
	c := &Inbound{server: s, most: maxBody, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	c.turn <- struct{}{}
	return c
}

// API runs a command such as "uuid_getvar <uuid> signal_bond" and returns FreeSWITCH's reply without surrounding space.
// The error is a *RefusedError, session.ErrSwitchUnavailable, or that of an invalid command. It never sends a command
// twice.
func (c *Inbound) API(ctx context.Context, command string) (string, error) {
	if command == "" || command[0] == ' ' || strings.ContainsFunc(command, isControl) {
		return "", fmt.Errorf("not an API command: %.40q", command)
	}
	name, _, _ := strings.Cut(command, " ")
	return c.command(ctx, name, "api "+command, apiTimeout)
}

// execute has a channel, which must be parked, run an application after those that it was told to run before. It does
// not wait for its end.
func (c *Inbound) execute(ctx context.Context, channel, application, argument string) error {
	if strings.ContainsFunc(channel+application+argument, isControl) {
		return fmt.Errorf("not an application: %.40q", application)
	}
	_, err := c.command(ctx, application, "sendmsg "+channel+"\ncall-command: execute\nevent-lock: true\n"+
		"execute-app-name: "+application+"\nexecute-app-arg: "+argument, apiTimeout)
	return err
}

// command sends one command and returns its answer. name is for errors; most bounds a command whose context has no
// earlier deadline.
func (c *Inbound) command(ctx context.Context, name, command string, most time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	select {
	case <-c.turn:
	case <-c.closed:
		return "", fmt.Errorf("%w: this client is closed", session.ErrSwitchUnavailable)
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %s: waited behind other commands: %w",
			session.ErrSwitchUnavailable, c.server.Address, context.Cause(ctx))
	}
	defer func() { c.turn <- struct{}{} }()
	if err := c.connect(ctx); err != nil {
		return "", fmt.Errorf("%w: %s: %w", session.ErrSwitchUnavailable, c.server.Address, err)
	}
	answer, err := c.conn.exchange(ctx, command, c.closed)
	if err != nil {
		c.drop() // the next command must not get this one's answer
		return "", fmt.Errorf("%w: %s: %s: %w", session.ErrSwitchUnavailable, c.server.Address, name, err)
	}
	text := strings.TrimSpace(answer.body)
	if answer.kind != "api/response" { // that of another command, or this user may not run it
		text = answer.text
	}
	if strings.HasPrefix(text, "-") {
		return "", &RefusedError{Command: name, Text: fmt.Sprintf("%.120q", text)}
	}
	return text, nil
}

// Close ends the connection and waits for its goroutine. A running command fails with session.ErrSwitchUnavailable, and
// so do all later ones.
func (c *Inbound) Close() {
	c.once.Do(func() { close(c.closed) })
	<-c.turn
	c.drop()
	c.turn <- struct{}{}
}

// connect connects and logs in, unless the connection is still alive.
func (c *Inbound) connect(ctx context.Context) error {
	select {
	case <-c.closed:
		return errors.New("this client is closed")
	default:
	}
	if c.conn != nil && c.conn.alive() {
		return nil
	}
	c.drop()
	dialer := net.Dialer{Timeout: dialTimeout}
	nc, err := dialer.DialContext(ctx, "tcp", c.server.Address)
	if err != nil {
		return err
	}
	c.conn = newConnection(nc, c.most)
	if err := c.logIn(ctx); err != nil {
		c.drop()
		return err
	}
	return nil
}

func (c *Inbound) logIn(ctx context.Context) error {
	password := c.server.Password.Reveal()
	if strings.ContainsFunc(string(password), isControl) {
		return errors.New("log in: the password holds a control character")
	}
	if hello, err := c.conn.await(ctx, c.closed); err != nil {
		return fmt.Errorf("log in: %w", err)
	} else if hello.kind != "auth/request" {
		return fmt.Errorf("log in: %.40q in place of auth/request: "+
			"is this FreeSWITCH's event socket, and does its ACL let us in?", hello.kind)
	}
	answer, err := c.conn.exchange(ctx, "auth "+string(password), c.closed)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	if !strings.HasPrefix(answer.text, "+OK") {
		return errors.New("log in: FreeSWITCH refuses the password; it must be the one of event_socket.conf.xml")
	}
	return nil
}

// drop closes the connection.
func (c *Inbound) drop() {
	if c.conn != nil {
		c.conn.close()
		c.conn = nil
	}
}

// connection reads in its own goroutine, so that a lost connection is known before the next command is sent.
type connection struct {
	nc      net.Conn
	most    int
	answers chan answer
	quit    chan struct{}
	// over is closed when reading has ended, with err.
	over chan struct{}
	err  error
}

// newConnection begins to read, bodies of at most that many bytes.
func newConnection(nc net.Conn, most int) *connection {
	c := &connection{nc: nc, most: most, answers: make(chan answer), quit: make(chan struct{}), over: make(chan struct{})}
	go c.read()
	return c
}

func (c *connection) read() {
	defer close(c.over)
	in := bufio.NewReaderSize(c.nc, maxHeaderLine)
	for {
		a, err := readAnswer(in, c.most)
		if err != nil {
			c.err = err
			return
		}
		select {
		case c.answers <- a:
		case <-c.quit:
			return
		}
	}
}

func (c *connection) alive() bool {
	select {
	case <-c.over:
		return false
	default:
		return true
	}
}

// exchange sends a command and waits for its answer.
func (c *connection) exchange(ctx context.Context, command string, closed <-chan struct{}) (answer, error) {
	deadline, _ := ctx.Deadline()
	_ = c.nc.SetWriteDeadline(deadline)
	if _, err := io.WriteString(c.nc, command+"\n\n"); errors.Is(err, os.ErrDeadlineExceeded) {
		return answer{}, fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	} else if err != nil {
		return answer{}, err
	}
	return c.await(ctx, closed)
}

func (c *connection) await(ctx context.Context, closed <-chan struct{}) (answer, error) {
	select {
	case a := <-c.answers:
		return a, nil
	case <-c.over:
		return answer{}, c.err
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	case <-closed:
		return answer{}, errors.New("this client is closed")
	}
}

func (c *connection) close() {
	close(c.quit)
	_ = c.nc.Close()
	<-c.over
}

// answer is one frame of FreeSWITCH.
type answer struct{ kind, text, body string }

// Bounds of a frame. FreeSWITCH's are far smaller.
const (
	maxHeaderLine  = 8 << 10
	maxHeaderLines = 64
	maxBody        = 1 << 20
)

// readAnswer reads one frame: header lines, an empty line, and a body if there is a Content-Length. It never allocates
// more than most, whatever the peer announces.
func readAnswer(in *bufio.Reader, most int) (answer, error) {
	var a answer
	length := 0
	for n := 0; ; n++ {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return answer{}, err
		case n > maxHeaderLines:
			return answer{}, fmt.Errorf("a frame of more than %d lines", maxHeaderLines)
		}
		name, value, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "":
			if n == 0 {
				continue
			}
			body := make([]byte, length)
			if _, err := io.ReadFull(in, body); err != nil {
				return answer{}, err
			}
			if a.kind == "text/disconnect-notice" || a.kind == "text/rude-rejection" {
				return answer{}, fmt.Errorf("FreeSWITCH ends the connection: %s", a.kind)
			}
			a.body = string(body)
			return a, nil
		case "content-type":
			a.kind = value
		case "reply-text":
			a.text = value
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil || length < 0 || length > most {
				return answer{}, fmt.Errorf("a frame of %.20q bytes; the limit is %d", value, most)
			}
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
