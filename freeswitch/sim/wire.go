package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"
)

// wire is the connection to the service: FreeSWITCH's listener. The call's goroutine owns it; a second goroutine reads.
type wire struct {
	conn       net.Conn
	in         chan batch
	done       chan struct{} // closed when nobody reads from in any more
	out        []byte        // to be written
	readBuffer []byte
	started    time.Time
	now        func() time.Time
	watch      func(Frame)
	version    Release

	open     bool // the listener is alive
	events   bool
	filters  []header
	byName   bool // all filters are on Event-Name
	patterns []*regexp.Regexp
}

// batch holds the complete commands of one read, and the error that ended reading.
type batch struct {
	commands []command
	err      error
}

// dial connects to the first address that answers. The service sends first.
func (w *wire) dial(ctx context.Context, addresses string) error {
	var d net.Dialer
	var errs []error
	for address := range strings.SplitSeq(addresses, "|") {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w.use(conn)
		return nil
	}
	return fmt.Errorf("reach the service: %w", errors.Join(errs...))
}

func (w *wire) use(conn net.Conn) {
	w.conn, w.in, w.done, w.open, w.started = conn, make(chan batch, 4), make(chan struct{}), true, w.now()
	go w.read(w.readBuffer)
}

// read passes the service's commands to the call until the connection ends; the last batch always has an error.
func (w *wire) read(buf []byte) {
	defer close(w.in)
	for {
		if cap(buf)-len(buf) < 512 {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := w.conn.Read(buf[len(buf):cap(buf)])
		var b batch
		rest := buf[:len(buf)+n]
		for b.err == nil {
			var cmd command
			var ok bool
			if cmd, rest, ok, b.err = parseCommand(rest, w.version); !ok {
				break
			}
			if w.watch != nil {
				cmd.raw = append([]byte(nil), cmd.raw...)
			}
			b.commands = append(b.commands, cmd)
		}
		buf = append(buf[:0], rest...)
		if b.err == nil {
			b.err = err
		}
		if len(b.commands) > 0 || b.err != nil {
			select {
			case w.in <- b:
			case <-w.done:
			}
		}
		if b.err != nil {
			return
		}
	}
}

// send queues one frame; flush writes what is queued.
func (w *wire) send(frame string) {
	if w.open {
		w.sent(append(w.out, frame...), len(w.out))
	}
}

// sent is send for a frame that is already rendered at out[start:], after the queued ones.
func (w *wire) sent(out []byte, start int) {
	w.out = out
	if w.watch != nil {
		w.watch(Frame{At: w.now().Sub(w.started), Bytes: out[start:]})
	}
}

// flush writes what is queued. It ignores errors: reading will fail too.
func (w *wire) flush() {
	if len(w.out) == 0 {
		return
	}
	if w.open {
		_ = w.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, _ = w.conn.Write(w.out)
	}
	w.out = w.out[:0]
}

// writeTimeout bounds how long the service may not read, closeTimeout how long it may keep a connection that we ended.
const (
	writeTimeout = 10 * time.Second
	closeTimeout = 2 * time.Second
)

// close ends the listener as FreeSWITCH does, with a notice, and waits until the service has closed too: closing first
// could destroy the last events.
func (w *wire) close(uuid string) {
	if !w.open {
		return
	}
	w.send("Content-Type: text/disconnect-notice\nControlled-Session-UUID: " + uuid +
		"\nContent-Disposition: disconnect\nContent-Length: 67\n\n" +
		"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n")
	w.flush()
	w.open = false
	if half, ok := w.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = w.conn.SetReadDeadline(time.Now().Add(closeTimeout))
	for range w.in { // until the reader has ended
	}
	w.release()
}

// release closes the connection and waits for the reader. It may be called more than once.
func (w *wire) release() {
	w.open = false
	if w.conn == nil {
		return
	}
	close(w.done)
	_ = w.conn.Close()
	for range w.in {
	}
	w.conn = nil
}

// filter adds a filter. FreeSWITCH sends an event if any filter matches and none that starts with "-" does.
func (w *wire) filter(name, value string) {
	w.filters = append(w.filters, header{name, value})
	w.byName = true
	for _, f := range w.filters {
		w.byName = w.byName && strings.EqualFold(f.name, "Event-Name")
	}
	var pattern *regexp.Regexp
	if text, ok := strings.CutPrefix(strings.TrimLeft(value, "+- "), "/"); ok {
		pattern, _ = regexp.Compile(strings.TrimSuffix(text, "/"))
	}
	w.patterns = append(w.patterns, pattern)
}

func (w *wire) unfilter(name, value string) {
	old := w.filters
	w.filters, w.patterns, w.byName = nil, nil, false
	for _, f := range old {
		if !strings.EqualFold(name, "all") && !(strings.EqualFold(f.name, name) && (value == "" || f.value == value)) {
			w.filter(f.name, f.value)
		}
	}
}

// wants reports, before an event is rendered, whether the filters may let it pass.
func (w *wire) wants(k *kind) bool {
	if !w.open || !w.events {
		return false
	}
	if len(w.filters) == 0 || w.byName {
		return len(w.filters) == 0 || w.fits(func(string) (string, bool) { return k.name, true })
	}
	may := false
	for _, f := range w.filters {
		want, negative := signed(f.value)
		switch {
		case strings.EqualFold(f.name, "Event-Name"):
			match := strings.EqualFold(k.name, want)
			if match && negative {
				return false
			}
			may = may || match
		case negative:
		case strings.EqualFold(f.name, "Application"):
			may = may || k == channelExecute || k == channelComplete
		default:
			may = true
		}
	}
	return may
}

// signed is the value of a filter without its signs, and whether it refuses what it matches.
func signed(value string) (want string, negative bool) {
	want = strings.TrimLeft(value, "+- ")
	signs := value[:len(value)-len(want)]
	return want, strings.LastIndexByte(signs, '-') > strings.LastIndexByte(signs, '+')
}

// passes reports whether an event passes the filters on headers other than its name.
func (w *wire) passes(k *kind, event []byte) bool {
	if len(w.filters) == 0 || w.byName {
		return true
	}
	text := "\n" + string(event)
	lower := strings.ToLower(text)
	return w.fits(func(name string) (string, bool) {
		i := strings.Index(lower, "\n"+strings.ToLower(name)+": ")
		if i < 0 {
			return "", false
		}
		value, _, _ := strings.Cut(text[i+len(name)+3:], "\n")
		return decoded(value), true
	})
}

func (w *wire) fits(value func(name string) (string, bool)) bool {
	send := false
	for i, f := range w.filters {
		have, ok := value(f.name)
		if !ok {
			continue
		}
		want, negative := signed(f.value)
		if send && !negative {
			continue
		}
		match := strings.EqualFold(have, want)
		if strings.HasPrefix(f.value, "/") {
			match = w.patterns[i] != nil && w.patterns[i].MatchString(have)
		}
		switch {
		case match && negative:
			return false
		case match:
			send = true
		}
	}
	return send
}
