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

// RefusedError is FreeSWITCH's own answer that it did not do what it was told.
type RefusedError struct {
	// Command is the name of the API command, Text what FreeSWITCH said.
	Command, Text string
}

func (e *RefusedError) Error() string { return e.Command + ": FreeSWITCH says " + e.Text }

// Server is the event socket of a FreeSWITCH (event_socket.conf.xml).
type Server struct {
	// Address is host:port; FreeSWITCH's own default is 127.0.0.1:8021.
	Address string
	// Password is the one of event_socket.conf.xml. It is never logged and in no error.
	Password session.Secret
}

const (
	dialTimeout = 2 * time.Second
	// apiTimeout bounds a command whose context has no earlier deadline.
	apiTimeout = 10 * time.Second
)

// Inbound runs API commands on one FreeSWITCH, over one connection that it opens when it is needed first, and again
// when it was lost. Its methods may be called from any goroutine; commands run one after the other. It asks for no
// events.
type Inbound struct {
	server Server
	// turn holds one value: who takes it may use line, and puts it back.
	turn   chan struct{}
	line   *line
	closed chan struct{}
	once   sync.Once
}

// NewInbound makes an Inbound. It does not connect yet.
func NewInbound(s Server) *Inbound {
	c := &Inbound{server: s, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	c.turn <- struct{}{}
	return c
}

// API runs a command such as "uuid_getvar <uuid> signal_bond" and returns what FreeSWITCH says, without the space
// around it. The error is a *RefusedError, session.ErrSwitchUnavailable, or about a command that is none. Commands are
// never sent twice.
func (c *Inbound) API(ctx context.Context, command string) (string, error) {
	name, _, _ := strings.Cut(command, " ")
	if name == "" || strings.ContainsFunc(command, isControl) {
		return "", fmt.Errorf("not an API command: %.40q", command)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	select {
	case <-c.turn:
	case <-c.closed:
		return "", fmt.Errorf("%w: this client is closed", session.ErrSwitchUnavailable)
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %s: waited behind other commands: %w", session.ErrSwitchUnavailable, c.server.Address,
			context.Cause(ctx))
	}
	defer func() { c.turn <- struct{}{} }()
	if err := c.connect(ctx); err != nil {
		return "", fmt.Errorf("%w: %s: %w", session.ErrSwitchUnavailable, c.server.Address, err)
	}
	answer, err := c.line.exchange(ctx, "api "+command, c.closed)
	if err != nil {
		c.drop() // the next command must not get this one's answer
		return "", fmt.Errorf("%w: %s: %s: %w", session.ErrSwitchUnavailable, c.server.Address, name, err)
	}
	text := strings.TrimSpace(answer.body)
	if answer.kind != "api/response" { // FreeSWITCH's user may not run it
		text = answer.text
	}
	if strings.HasPrefix(text, "-") {
		return "", &RefusedError{Command: name, Text: fmt.Sprintf("%.120q", text)}
	}
	return text, nil
}

// Close ends the connection and waits for its goroutine. A command that is running ends with
// session.ErrSwitchUnavailable, as all later ones do.
func (c *Inbound) Close() {
	c.once.Do(func() { close(c.closed) })
	<-c.turn
	c.drop()
	c.turn <- struct{}{}
}

// connect makes sure that there is a connection which is logged in.
func (c *Inbound) connect(ctx context.Context) error {
	select {
	case <-c.closed:
		return errors.New("this client is closed")
	default:
	}
	if c.line != nil && c.line.alive() {
		return nil
	}
	c.drop()
	dialer := net.Dialer{Timeout: dialTimeout}
	nc, err := dialer.DialContext(ctx, "tcp", c.server.Address)
	if err != nil {
		return err
	}
	c.line = newLine(nc)
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
	if hello, err := c.line.await(ctx, c.closed); err != nil {
		return fmt.Errorf("log in: %w", err)
	} else if hello.kind != "auth/request" {
		return fmt.Errorf("log in: %.40q in place of auth/request: "+
			"is this FreeSWITCH's event socket, and does its ACL let us in?", hello.kind)
	}
	answer, err := c.line.exchange(ctx, "auth "+string(password), c.closed)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	if !strings.HasPrefix(answer.text, "+OK") {
		return errors.New("log in: FreeSWITCH refuses the password; it must be the one of event_socket.conf.xml")
	}
	return nil
}

// drop gives the connection up.
func (c *Inbound) drop() {
	if c.line != nil {
		c.line.close()
		c.line = nil
	}
}

// line is one connection. Its goroutine reads what FreeSWITCH says, so that a connection that was lost is known before
// the next command is sent.
type line struct {
	nc      net.Conn
	answers chan answer
	quit    chan struct{}
	// over is closed when there is nothing more to read, because of why.
	over chan struct{}
	why  error
}

func newLine(nc net.Conn) *line {
	l := &line{nc: nc, answers: make(chan answer), quit: make(chan struct{}), over: make(chan struct{})}
	go l.read()
	return l
}

func (l *line) read() {
	defer close(l.over)
	in := bufio.NewReaderSize(l.nc, maxHeaderLine)
	for {
		a, err := readAnswer(in)
		if err != nil {
			l.why = err
			return
		}
		select {
		case l.answers <- a:
		case <-l.quit:
			return
		}
	}
}

func (l *line) alive() bool {
	select {
	case <-l.over:
		return false
	default:
		return true
	}
}

// exchange sends a command and waits for its answer.
func (l *line) exchange(ctx context.Context, command string, closed <-chan struct{}) (answer, error) {
	deadline, _ := ctx.Deadline()
	_ = l.nc.SetWriteDeadline(deadline)
	if _, err := io.WriteString(l.nc, command+"\n\n"); errors.Is(err, os.ErrDeadlineExceeded) {
		return answer{}, fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	} else if err != nil {
		return answer{}, err
	}
	return l.await(ctx, closed)
}

func (l *line) await(ctx context.Context, closed <-chan struct{}) (answer, error) {
	select {
	case a := <-l.answers:
		return a, nil
	case <-l.over:
		return answer{}, l.why
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	case <-closed:
		return answer{}, errors.New("this client is closed")
	}
}

func (l *line) close() {
	close(l.quit)
	_ = l.nc.Close()
	<-l.over
}

// answer is one frame that FreeSWITCH sent in answer to something.
type answer struct{ kind, text, body string }

// FreeSWITCH's own frames are far smaller than these.
const (
	maxHeaderLine  = 8 << 10
	maxHeaderLines = 64
	maxBody        = 1 << 20
)

// readAnswer reads one frame: header lines, an empty line, and a body if there is a Content-Length. Nothing that a peer
// announces makes it reserve more than maxBody.
func readAnswer(in *bufio.Reader) (answer, error) {
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
			if length, err = strconv.Atoi(value); err != nil || length < 0 || length > maxBody {
				return answer{}, fmt.Errorf("a frame of %.20q bytes, at most %d are read", value, maxBody)
			}
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
