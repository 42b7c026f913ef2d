package esl_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collectAndTransfer is a whole call in two moves.
func collectAndTransfer(ctx context.Context, ch session.Channel) error {
	entry, err := ch.Collect(ctx, pin())
	if err != nil {
		return err
	}
	defer entry.Digits.Wipe()
	return ch.Transfer(ctx, handover())
}

func TestFramesMayArriveInAnyPieces(t *testing.T) {
	t.Parallel()
	t.Run("byte by byte", func(t *testing.T) {
		t.Parallel()
		o, h := handle(t, collectAndTransfer)
		_, addr := serve(t, esl.Options{}, h)
		p := esltest.Dial(t, addr)
		p.ByteByByte = true
		p.Open()
		p.Digits("2468", "#")
		p.HandOver()
		require.NoError(t, o.wait())
		p.Close()
	})
	t.Run("all at once", func(t *testing.T) {
		t.Parallel()
		o, h := handle(t, collectAndTransfer)
		_, addr := serve(t, esl.Options{}, h)
		p := esltest.Dial(t, addr)
		p.Expect("connect")
		p.Send(esltest.ChannelData())
		p.Hold()
		for range 7 { // six filters and myevents
			p.Next()
			p.Send(esltest.OK())
		}
		p.Do("multiset")
		p.Expect("execute_extension")
		p.Send(esltest.OK())
		p.Digits("2468", "#")
		p.Release()
		p.HandOver()
		require.NoError(t, o.wait())
		p.Close()
	})
	t.Run("the completion overtakes the reply", func(t *testing.T) {
		t.Parallel()
		o, h := handle(t, collectAndTransfer)
		_, addr := serve(t, esl.Options{}, h)
		p := esltest.Dial(t, addr)
		p.Open()
		c := p.Expect("play_and_get_digits")
		p.Send(esltest.Completion(c, "variable_read_result", "success", "variable_cs_digits", "2468"))
		p.Send(esltest.OK())
		p.Do("multiset")
		p.HandOver()
		require.NoError(t, o.wait())
		p.Close()
	})
}

func TestTheStreamMayEndAtEveryByte(t *testing.T) {
	t.Parallel()
	answered := esltest.Completion(esltest.Command{App: "answer"})
	whole := esltest.ChannelData() + esltest.OK() + answered + esltest.Disconnect()
	head := len(esltest.ChannelData())
	var cuts []int
	for cut := 0; cut < head; cut += 97 {
		cuts = append(cuts, cut)
	}
	for cut := head - 3; cut < len(whole); cut++ { // every byte of replies, and of an event
		cuts = append(cuts, cut)
		if cut == head+200 {
			cut = len(whole) - 300
		}
	}
	for _, cut := range cuts {
		started := false
		o, h := handle(t, func(ctx context.Context, ch session.Channel) error {
			started = true
			return collectAndTransfer(ctx, ch)
		})
		_, addr := serve(t, esl.Options{}, h)
		p := esltest.Dial(t, addr)
		p.Expect("connect")
		p.Send(whole[:cut])
		p.CloseWrite()
		if cut >= head {
			require.ErrorIs(t, o.wait(), session.ErrLineLost, "cut at %d", cut)
		} else {
			p.ExpectNothingButSetupAndClose()
			require.False(t, started, "there is no call yet at %d", cut)
		}
		p.Close()
	}
}

func TestHangupAtAnyMomentCancelsTheCallWithItsCause(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(p *esltest.Peer){
		"between command and reply": func(p *esltest.Peer) {
			p.Expect("play_and_get_digits")
			p.Send(esltest.Hangup("ORIGINATOR_CANCEL"))
		},
		"in mid-prompt, with the completion behind it": func(p *esltest.Peer) {
			c := p.Expect("play_and_get_digits")
			p.Send(esltest.OK())
			p.Hold()
			p.Send(esltest.Hangup("ORIGINATOR_CANCEL"))
			p.Send(esltest.Completion(
				c, "Answer-State", "hangup", "Hangup-Cause", "ORIGINATOR_CANCEL", "variable_cs_digits", "24",
			))
			p.Send(esltest.Disconnect())
			p.Release()
		},
		"in mid-entry, when FreeSWITCH sends its notice and no event": func(p *esltest.Peer) {
			p.Expect("play_and_get_digits")
			p.Send(esltest.OK())
			p.Send(esltest.Disconnect())
		},
		"seen first in the completion": func(p *esltest.Peer) {
			c := p.Expect("play_and_get_digits")
			p.Send(esltest.OK())
			p.Send(esltest.Completion(
				c, "Answer-State", "hangup", "Hangup-Cause", "ORIGINATOR_CANCEL", "variable_cs_digits", "2468",
			))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, h := handle(t, collectAndTransfer)
			_, addr := serve(t, esl.Options{}, h)
			p := esltest.Dial(t, addr)
			p.Open()
			play(p)
			var hangup *session.HangupError
			require.ErrorAs(t, o.wait(), &hangup)
			if !strings.HasSuffix(name, "no event") {
				assert.Equal(t, "ORIGINATOR_CANCEL", hangup.Cause)
			}
			assert.ErrorIs(t, o.cause, hangup)
		})
	}
}

func TestALateReplyClosesTheConnection(t *testing.T) {
	t.Parallel()
	o, h := handle(t, collectAndTransfer)
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Expect("play_and_get_digits")
	require.ErrorIs(t, o.wait(), session.ErrLineLost)
	assert.ErrorContains(t, o.err, "no reply in time")
	p.Send(esltest.OK())
	p.Expect("multiset")
	p.ExpectClosed()
}

func TestARefusedApplicationIsAnErrorOfThatApplication(t *testing.T) {
	t.Parallel()
	o, h := handle(t, collectAndTransfer)
	_, addr := serve(t, esl.Options{}, h)
	p := esltest.Dial(t, addr)
	p.Open()
	p.Expect("play_and_get_digits")
	p.Send(esltest.Reply("-ERR invalid session id"))
	require.ErrorContains(t, o.wait(), "invalid session id")
	p.Close()
}

// garbage is what a peer that is not FreeSWITCH may send. It costs at most its own connection.
var garbage = map[string]string{
	"a negative length":                "Content-Length: -1\nContent-Type: text/event-plain\n\n",
	"a length of many digits":          "Content-Length: 99999999999999999999\n\n",
	"a body of 2 GB announced":         "Content-Length: 2147483647\n\n",
	"a reply to nothing":               esltest.ChannelData() + strings.Repeat(esltest.OK(), 20),
	"an unknown frame":                 "Content-Type: text/html\n\n",
	"an inbound socket":                "Content-Type: auth/request\n\n",
	"a refused connect":                esltest.Reply("-ERR no"),
	"an answer without a channel":      esltest.Reply("+OK"),
	"random bytes":                     "\x00\xff\x16\x03\x01\x02\x00\n\n\x80\x81",
	"HTTP":                             "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"an endless line, then the end":    string(make([]byte, 300<<10)),
	"half a frame and then the end":    "Content-Length: 5000\n\nhalf",
	"empty lines and then the end":     "\n\n\n\n\n\n\n\n",
	"nothing":                          "",
	"half a header, and then the end ": "Content-Le",
}

func TestABadPeerCostsOnlyItsOwnConnection(t *testing.T) {
	t.Parallel()
	o, h := handle(t, collectAndTransfer)
	good := make(chan struct{})
	_, addr := serve(t, esl.Options{}, func(ctx context.Context, call session.Call, ch session.Channel) {
		if call.Line == "good" {
			close(good)
			h(ctx, call, ch)
			return
		}
		<-ctx.Done()
	})
	p := esltest.Dial(t, addr)
	p.Open("variable_cs_line", "good")
	<-good
	for name, bytes := range garbage {
		bad := esltest.Dial(t, addr)
		bad.Send(bytes)
		bad.CloseWrite()
		t.Log(name)
		bad.ExpectNothingButSetupAndClose()
	}
	p.Digits("2468", "")
	p.HandOver()
	require.NoError(t, o.wait())
	p.Close()
}

func TestSilenceAndSlownessAreBounded(t *testing.T) {
	t.Parallel()
	short := esl.Options{
		Handshake: 60 * time.Millisecond, Frame: 60 * time.Millisecond, Silence: 60 * time.Millisecond, Reply: time.Minute,
	}
	t.Run("no answer to connect", func(t *testing.T) {
		t.Parallel()
		_, addr := serve(t, short, func(context.Context, session.Call, session.Channel) { t.Error("there is no call") })
		esltest.Dial(t, addr).ExpectNothingButSetupAndClose()
	})
	t.Run("half a frame and silence", func(t *testing.T) {
		t.Parallel()
		o := short
		o.Silence, o.Handshake = time.Minute, time.Minute
		_, addr := serve(t, o, func(context.Context, session.Call, session.Channel) { t.Error("there is no call") })
		p := esltest.Dial(t, addr)
		p.Send(esltest.ChannelData()[:3000])
		p.ExpectNothingButSetupAndClose()
	})
	t.Run("silence in a call", func(t *testing.T) {
		t.Parallel()
		o, h := handle(t, collectAndTransfer)
		limits := short
		limits.Handshake, limits.Frame, limits.Silence = time.Minute, 3*time.Second, 3*time.Second
		_, addr := serve(t, limits, h)
		p := esltest.Dial(t, addr)
		p.Expect("connect")
		p.Send(esltest.ChannelData())
		require.ErrorIs(t, o.wait(), session.ErrLineLost)
		assert.ErrorContains(t, o.err, "fell silent")
	})
}

func TestOnlyAllowedAddressesMayConnect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		allow   []netip.Prefix
		allowed bool
	}{
		"no list: this machine":         {nil, true},
		"this machine's network":        {prefixes("192.0.2.0/24", "127.0.0.0/8"), true},
		"this address":                  {prefixes("127.0.0.1/32"), true},
		"another network":               {prefixes("192.0.2.0/24"), false},
		"another address beside it":     {prefixes("127.0.0.2/32"), false},
		"this machine, but in IPv6":     {prefixes("::1/128"), false},
		"a list on which nobody stands": {[]netip.Prefix{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logBuffer{}
			s, addr := serve(t, esl.Options{Allow: c.allow, Log: slog.New(slog.NewTextHandler(log, nil))},
				func(context.Context, session.Call, session.Channel) { t.Error("there is no call") })
			nc, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer nc.Close()
			require.NoError(t, nc.SetReadDeadline(time.Now().Add(patience)))
			said := make([]byte, len("connect"))
			n, err := io.ReadFull(nc, said)
			if c.allowed {
				require.NoError(t, err)
				assert.Equal(t, "connect", string(said))
				assert.NotContains(t, log.String(), "refused")
				return
			}
			assert.Equal(t, io.EOF, err, "closed, and not a word: %q", said[:n])
			assert.Contains(t, log.String(), "the address is not in the allow list")
			assert.Contains(t, log.String(), nc.LocalAddr().String())
			strangers, tooMany := s.Refused()
			assert.Equal(t, [2]uint64{1, 0}, [2]uint64{strangers, tooMany})
		})
	}
}

// logBuffer is a buffer for several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
