package backend_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/sms"
)

// closing is a server that answers the first request of each connection with yes to everything, and ends the connection
// when a second one comes.
type closing struct {
	t   *testing.T
	url string
	// end ends a connection on which a request came that gets no answer.
	end func(*net.TCPConn)
	// first, if set, is told of each first request, which waits for answer.
	first, answer chan struct{}

	mu    sync.Mutex
	taken []string // requests that were answered: method, path and key
	cut   []string // those that were not
	left  int      // connections that the client closed
}

func newClosing(t *testing.T, end func(*net.TCPConn)) *closing {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &closing{t: t, url: "http://" + l.Addr().String(), end: end}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(conn.(*net.TCPConn)) })
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { _ = l.Close() })
	return c
}

func (c *closing) serve(conn *net.TCPConn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for first := true; ; first = false {
		r, err := http.ReadRequest(in)
		if err != nil {
			c.mu.Lock()
			c.left++
			c.mu.Unlock()
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		path, _, _ := strings.Cut(r.RequestURI, "?")
		told := strings.TrimSpace(r.Method + " " + path + " " + r.Header.Get("Idempotency-Key"))
		c.mu.Lock()
		if first {
			c.taken = append(c.taken, told)
		} else {
			c.cut = append(c.cut, told)
		}
		c.mu.Unlock()
		if !first {
			c.end(conn)
			return
		}
		if c.first != nil {
			c.first <- struct{}{}
			<-c.answer
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(everything), everything)
	}
}

func (c *closing) requests() (taken, cut []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.taken...), append([]string(nil), c.cut...)
}

// How servers end a connection.
var ends = map[string]func(*net.TCPConn){
	"reset":  func(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() },
	"closed": func(c *net.TCPConn) { _ = c.Close() },
	"half":   func(c *net.TCPConn) { _ = c.CloseWrite() },
}

func TestAKeptConnectionThatIsBeingClosedCostsNoCall(t *testing.T) {
	t.Parallel()
	for name, end := range ends {
		for _, operation := range operations {
			t.Run(name+" "+operation, func(t *testing.T) {
				t.Parallel()
				c := newClosing(t, end)
				s := systemsAt(t, c.url, listed)
				require.Equal(t, yes, s.ask(t, "by_phone"), "which leaves a connection")
				for range 3 {
					assert.Equal(t, yes, s.ask(t, operation))
				}
				taken, cut := c.requests()
				assert.Len(t, taken, 4, "each was answered once: %q", taken)
				if operation == "sms" {
					assert.Empty(t, cut, "the gateway never saw a message that it did not answer")
				}
			})
		}
	}
}

func TestARepetitionMeetsNoOtherClosedConnection(t *testing.T) {
	t.Parallel()
	for _, operation := range operations {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			const kept = 3
			c := newClosing(t, ends["reset"])
			c.first, c.answer = make(chan struct{}, 100), make(chan struct{})
			s := systemsAt(t, c.url, listed)
			var asking sync.WaitGroup
			for range kept {
				asking.Go(func() { assert.Equal(t, yes, s.ask(t, "by_phone")) })
			}
			for range kept {
				<-c.first
			}
			close(c.answer)
			asking.Wait()
			assert.Equal(t, yes, s.ask(t, operation))
			taken, _ := c.requests()
			assert.Len(t, taken, kept+1)
		})
	}
}

func TestARepetitionHasTheSameKey(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"check", "add_phone", "sms"} {
		c := newClosing(t, ends["reset"])
		s := systemsAt(t, c.url, func(s *backend.Settings, g *sms.Settings) {
			s.Check["*"].IdempotencyHeader, s.AddPhone.IdempotencyHeader = "idempotency-key", "Idempotency-Key"
			g.IdempotencyHeader = "Idempotency-Key"
		})
		require.Equal(t, yes, s.ask(t, operation))
		require.Equal(t, yes, s.ask(t, operation))
		taken, cut := c.requests()
		require.Len(t, taken, 2, operation)
		require.Len(t, cut, 1, "the second went out on the connection of the first")
		assert.Equal(t, cut[0], taken[1], "one key for one operation")
		assert.NotEqual(t, taken[0], taken[1], "another for the next")
	}
}

func TestWhatMustNotBeRepeatedHasAConnectionOfItsOwn(t *testing.T) {
	t.Parallel()
	never := false
	c := newClosing(t, ends["reset"])
	s := systemsAt(t, c.url, func(s *backend.Settings, _ *sms.Settings) {
		s.Check["*"].Idempotent, s.AddPhone.Idempotent = &never, &never
	})
	for range 3 {
		for _, operation := range []string{"by_phone", "check", "add_phone", "sms"} {
			require.Equal(t, yes, s.ask(t, operation))
		}
	}
	_, cut := c.requests()
	for _, told := range cut {
		assert.Contains(t, told, "GET ", "only what may be repeated met a closed connection")
	}
}

// TestNothingIsRepeatedThatSomebodySaw: a new connection, an answer that began, a time-out, and an answer.
func TestNothingIsRepeatedThatSomebodySaw(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(net.Conn){
		"an answer that began": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-") },
		"an answer cut off": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
		},
		"a 503": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n")
		},
		"no HTTP": func(c net.Conn) { _, _ = io.WriteString(c, "220 mail\r\n") },
	} {
		for _, operation := range []string{"check", "add_phone", "sms"} {
			t.Run(name+" "+operation, func(t *testing.T) {
				t.Parallel()
				c := newClosing(t, func(conn *net.TCPConn) { then(conn); _ = conn.Close() })
				s := systemsAt(t, c.url, nil)
				s.gateway = gateway(t, sms.Settings{URL: c.url, Timeout: mostTime})
				require.Equal(t, yes, s.ask(t, "by_phone"))
				says := outage
				if operation == "sms" {
					says = yes // on a connection of its own, where the server answers
				}
				assert.Equal(t, says, s.ask(t, operation))
				taken, cut := c.requests()
				assert.Equal(t, 2, len(taken)+len(cut), "taken %q, cut %q", taken, cut)
			})
		}
	}
	t.Run("a new connection that is closed", func(t *testing.T) {
		t.Parallel()
		asked := make(chan string, 10)
		s := answering(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked <- r.RequestURI
			panic(http.ErrAbortHandler)
		}), nil)
		for _, operation := range []string{"check", "add_phone", "sms"} {
			assert.Equal(t, outage, s.ask(t, operation))
		}
		assert.Len(t, asked, 3)
	})
}

func TestAnIdleConnectionIsClosedBeforeTheServerDoes(t *testing.T) {
	t.Parallel()
	c := newClosing(t, ends["closed"])
	s := systemsAt(t, c.url, nil)
	require.Equal(t, yes, s.ask(t, "by_phone"))
	assert.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.left == 1
	}, 30*time.Second, 10*time.Millisecond, "servers keep one for 2 s or more, load balancers for a minute")
}

func TestAConnectionOfItsOwnIsNoLessGuarded(t *testing.T) {
	t.Parallel()
	elsewhere := make(chan string, 10)
	other := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere <- r.RequestURI }))
	never := false
	once := func(s *backend.Settings, _ *sms.Settings) {
		s.Check["*"].Idempotent, s.AddPhone.Idempotent = &never, &never
	}
	redirecting := http.RedirectHandler(other+"/customers", http.StatusPermanentRedirect) // 308 repeats the body
	huge := reply{body: `{"valid": true, "x": "` + strings.Repeat("x", 1<<20) + `"}`}
	header := reply{headers: map[string]string{"X": strings.Repeat("x", 1<<20)}, body: `{"valid": true}`}
	untrusted := httptest.NewUnstartedServer(reply{body: `{"valid": true}`})
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for name, s := range map[string]systems{
		"a redirect": answering(t, redirecting, once), "too much": answering(t, huge, once),
		"a huge header": answering(t, header, once), "a certificate of nobody": systemsAt(t, untrusted.URL, once),
	} {
		for _, operation := range []string{"check", "add_phone", "sms"} {
			assert.Equal(t, outage, s.ask(t, operation), "%s: %s", name, operation)
		}
	}
	assert.Empty(t, elsewhere)
}
