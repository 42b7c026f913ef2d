package sim

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
)

func TestMain(m *testing.M) {
	if os.Getenv("SIM_BENCH_SERVICE") != "" {
		benchMain()
		return
	}
	leaktest.Main(m)
}

// patience bounds every wait of these tests.
const patience = time.Minute

// service is a scripted service: the other end of the wire.
type service struct {
	t    testing.TB
	conn net.Conn
	buf  []byte
	got  []said
	seen int // of got, by next
}

// listen starts a service that runs script for one call. It returns its address and a function that waits for its end.
func listen(t testing.TB, script func(*service)) (address string, wait func() *service) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan *service, 1)
	go func() {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			done <- nil
			return
		}
		s := &service{t: t, conn: conn}
		defer func() { _ = conn.Close(); done <- s }()
		_ = conn.SetDeadline(time.Now().Add(patience))
		script(s)
	}()
	return l.Addr().String(), func() *service {
		select {
		case s := <-done:
			return s
		case <-time.After(patience):
			t.Fatal("the scripted service did not end")
			return nil
		}
	}
}

func (s *service) send(text string) { _, _ = s.conn.Write([]byte(text)) }

// execute sends applications in one write: pairs of name and argument. Each one's Event-UUID is its name.
func (s *service) execute(pairs ...string) {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("sendmsg\ncall-command: execute\nexecute-app-name: " + pairs[i] + "\nexecute-app-arg: " + pairs[i+1] +
			"\nEvent-UUID: " + pairs[i] + "\nevent-lock: true\n\n")
	}
	s.send(b.String())
}

// run executes one application and returns its completion.
func (s *service) run(name, arg string) said {
	s.execute(name, arg)
	return s.until(func(f said) bool {
		return f.get("Event-Name") == "CHANNEL_EXECUTE_COMPLETE" && f.get("Application") == name
	})
}

// greet sends what every service sends first.
func (s *service) greet(filters ...string) said {
	s.send("connect\n\n")
	data := s.next()
	s.send("myevents\n\n")
	s.next()
	for _, f := range filters {
		s.send("filter Event-Name " + f + "\n\n")
		s.next()
	}
	return data
}

const completions, hangups = "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP"

// more reads until there is one more frame; false at the end of the connection.
func (s *service) more() bool {
	for {
		if f, n := takeApart(s.buf); n > 0 {
			s.got, s.buf = append(s.got, f), s.buf[n:]
			return true
		}
		chunk := make([]byte, 32<<10)
		n, err := s.conn.Read(chunk)
		s.buf = append(s.buf, chunk[:n]...)
		if err != nil && n == 0 {
			if !errors.Is(err, io.EOF) {
				s.t.Errorf("scripted service: %v after %d frames", err, len(s.got))
			}
			return false
		}
	}
}

func (s *service) next() said {
	if s.seen == len(s.got) && !s.more() {
		return said{}
	}
	s.seen++
	return s.got[s.seen-1]
}

func (s *service) until(is func(said) bool) said {
	for {
		f := s.next()
		if f.headers == nil || is(f) {
			return f
		}
	}
}

// rest reads to the end of the connection.
func (s *service) rest() {
	for s.more() {
	}
}

func (s *service) events() []said {
	var events []said
	for _, f := range s.got {
		if f.event() {
			events = append(events, f)
		}
	}
	return events
}

// place makes one call to a scripted service.
func place(t *testing.T, o Options, c CallOptions, script func(*service)) (Result, *service) {
	t.Helper()
	address, wait := listen(t, script)
	o.Address = address
	sw, err := New(o)
	require.NoError(t, err)
	c.From, c.To = "+15551234567", "5000"
	r, err := sw.Call(t.Context(), c)
	require.NoError(t, err)
	return r, wait()
}
