package pbx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Callers call a Switch by SIP over UDP, all from one port.
type Callers struct {
	to      sip.Uri
	from    int
	agent   *sipgo.UserAgent
	dialogs *sipgo.DialogClientCache
	calls   atomic.Int64
	ended   sync.Map // Call-ID to a channel with the cause of the BYE
}

// Call is what a caller noticed.
type Call struct {
	// FirstSound is from the INVITE, NextPrompt and Confirmed from the last key of the account and of the PIN, each to the
	// first audible frame of what is played then.
	FirstSound, NextPrompt, Confirmed time.Duration
	// Fault says what went wrong; nil if the call was transferred as a verified one.
	Fault error
}

const (
	soundWithin = 10 * time.Second
	endsWithin  = 20 * time.Second
	listens     = 900 * time.Millisecond // before keying into a prompt: a greeting is over
)

// NewCallers listens on a port of its own until ctx ends.
func NewCallers(ctx context.Context, s *Switch) (*Callers, error) {
	host, port, err := net.SplitHostPort(s.SIP)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	c := &Callers{to: sip.Uri{Scheme: "sip", Host: host, Port: number}}
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c.from = l.LocalAddr().(*net.UDPAddr).Port
	quiet := slog.New(slog.DiscardHandler)
	sip.SetDefaultLogger(quiet)
	if c.agent, err = sipgo.NewUA(sipgo.WithUserAgent("bench")); err != nil {
		return nil, err
	}
	server, err := sipgo.NewServer(c.agent, sipgo.WithServerLogger(quiet))
	if err != nil {
		return nil, err
	}
	client, err := sipgo.NewClient(c.agent, sipgo.WithClientHostname("127.0.0.1"), sipgo.WithClientPort(c.from),
		sipgo.WithClientLogger(quiet))
	if err != nil {
		return nil, err
	}
	c.dialogs = sipgo.NewDialogClientCache(client,
		sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "bench", Host: "127.0.0.1", Port: c.from}})
	server.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		cause := "none"
		if reason := req.GetHeader("Reason"); reason != nil {
			cause = reason.Value()
		}
		if ended, ok := c.ended.Load(req.CallID().Value()); ok {
			select {
			case ended.(chan string) <- cause:
			default:
			}
		}
		if c.dialogs.ReadBye(req, tx) != nil {
			_ = tx.Respond(sip.NewResponseFromRequest(req, sip.StatusOK, "OK", nil))
		}
	})
	go func() { _ = server.ServeUDP(l) }()
	context.AfterFunc(ctx, func() { _ = c.agent.Close(); _ = l.Close() })
	return c, nil
}

// Call dials an extension, keys a customer's account and PIN, and waits for the end.
func (c *Callers) Call(ctx context.Context, extension string) (r Call) {
	r.Fault = c.call(ctx, extension, &r)
	return r
}

var mediaPort = regexp.MustCompile(`m=audio ([0-9]+)`)

func (c *Callers) call(ctx context.Context, extension string, r *Call) error {
	n := c.calls.Add(1)
	who := customers[int(n)%len(customers)]
	p, err := newPhone()
	if err != nil {
		return err
	}
	defer p.close()
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: fmt.Sprintf("+1555%07d", n), Host: "127.0.0.1"},
		Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(12))
	callID := sip.CallIDHeader(fmt.Sprintf("bench-%d-%s", n, sip.GenerateTagN(8)))
	ended := make(chan string, 1)
	c.ended.Store(callID.Value(), ended)
	defer c.ended.Delete(callID.Value())
	to := c.to
	to.User = extension
	began := time.Now()
	invite, err := c.dialogs.Invite(ctx, to, p.offer(), from, &callID, sip.NewHeader("Content-Type", "application/sdp"))
	if err != nil {
		return fmt.Errorf("INVITE: %w", err)
	}
	defer invite.Close()
	if err := invite.WaitAnswer(ctx, sipgo.AnswerOptions{}); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if err := invite.Ack(ctx); err != nil {
		return fmt.Errorf("ACK: %w", err)
	}
	media := mediaPort.FindSubmatch(invite.InviteResponse.Body())
	if media == nil {
		return errors.New("the answer has no media")
	}
	port, _ := strconv.Atoi(string(media[1]))
	go p.speak(port)

	sound, _, ok := p.heard(soundWithin)
	if !ok {
		_ = invite.Bye(ctx)
		return errors.New("no first sound")
	}
	r.FirstSound = sound.Sub(began)
	for _, entry := range []struct {
		keys string
		took *time.Duration
	}{{who.account, &r.NextPrompt}, {who.pin, &r.Confirmed}} {
		time.Sleep(listens)
		p.press(entry.keys)
		sound, key, ok := p.heard(soundWithin)
		if !ok {
			_ = invite.Bye(ctx)
			return errors.New("no sound behind the keys")
		}
		*entry.took = sound.Sub(key)
	}
	select {
	case cause := <-ended:
		if !strings.Contains(cause, "cause=16") {
			return fmt.Errorf("not verified: %s", cause)
		}
		return nil
	case <-time.After(endsWithin):
		_ = invite.Bye(ctx)
		return errors.New("never handed on")
	}
}

// offer is the caller's SDP.
func (p *phone) offer() []byte {
	return fmt.Appendf(nil, "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"+
		"a=fmtp:101 0-15\r\na=ptime:20\r\n", p.port())
}
