package freeswitch_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	answerWithin = time.Minute
	talkAtMost   = 6 * time.Minute
	hangUpWithin = time.Minute
	arriveWithin = time.Minute
)

// dial says who calls which number, and how.
type dial struct {
	// To is the dialled number; default 5000, the one in the shipped dialplan.
	To string
	// From is the caller's number in the From header; default +15551230001.
	From string
	// Hidden withholds it: From is anonymous, with Privacy: id, and the number goes into P-Asserted-Identity.
	Hidden bool
	// Headers are more header lines of the INVITE, such as "P-Asserted-Identity: <sip:+15551230009@127.0.0.1>".
	Headers []string
	// Wide offers L16 at 16 kHz alone, as a wideband trunk would: what a speech engine needs.
	Wide bool
	// NoEvents offers PCMU alone, without telephone-event, as a trunk with keys in the sound or in SIP INFO does.
	NoEvents bool
	// Info are keys that are told by SIP INFO after the answer. The call can be hung up when FreeSWITCH has answered them.
	Info []infoKey
	// Keys are pressed one after the other. More can be pressed with call.Press.
	Keys []keys
	// HangUpAfter is the time from the answer until the caller hangs up; 0 leaves that to call.HangUp, the other side, or
	// the end of the test.
	HangUpAfter time.Duration
}

// keys are pressed after a pause: since the answer for the first ones, since the last key before for the others.
type keys struct {
	After  time.Duration
	Digits string
}

func (d *dial) defaults() {
	if d.To == "" {
		d.To = "5000"
	}
	if d.From == "" {
		d.From = "+15551230001"
	}
}

// callWithSIPp dials with SIPp, which does the signalling, and a telephone in this process, which does the sound. It
// returns at once.
func callWithSIPp(t testing.TB, f *freeSWITCH, d dial) *call {
	t.Helper()
	needSIPp(t)
	d.defaults()
	phone, id := newTelephoneOf(t, d.Wide), "cs-"+randomHex()
	from := fmt.Sprintf("<sip:%s@127.0.0.1>", d.From)
	if d.Hidden {
		d.Headers = append([]string{"P-Asserted-Identity: " + from, "Privacy: id"}, d.Headers...)
		from = `"Anonymous" <sip:anonymous@anonymous.invalid>`
	}
	values := map[string]any{"From": from, "Headers": d.Headers, "MediaPort": phone.port(), "Wide": d.Wide,
		"NoEvents": d.NoEvents, "Info": d.info()}
	sipp := startSIPp(t, id, "caller.xml", f.SIP, values, "-s", d.To, "-cid_str", id, "-timeout_error")
	c := &call{ID: id, Began: sipp.Began, fs: f, phone: phone, over: sipp.over}
	c.hangUp = func() { sayHangUp(sipp.Port, id) }
	talking := make(chan struct{})
	go func() {
		defer close(talking)
		defer phone.hangUp()
		c.talk(d, sipp.log())
		<-c.over
	}()
	t.Cleanup(func() {
		c.hangUp()
		sipp.end(t, talking)
	})
	return c
}

var mediaPort = regexp.MustCompile(`media ([0-9]+)`)

// talk is the caller's behaviour once SIPp has written down where FreeSWITCH expects the sound, which is when the call
// is answered.
func (c *call) talk(d dial, sippLog string) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-c.over:
			return
		case <-tick.C:
		}
		b, _ := os.ReadFile(sippLog)
		if m := mediaPort.FindSubmatch(b); m != nil {
			port, _ := strconv.Atoi(string(m[1]))
			c.phone.connect(port)
			break
		}
	}
	if d.HangUpAfter > 0 {
		defer time.AfterFunc(d.HangUpAfter, c.hangUp).Stop()
	}
	for _, k := range d.Keys {
		select {
		case <-c.over:
			return
		case <-time.After(k.After):
			c.phone.press(k.Digits)
		}
	}
	<-c.over
}

// sayHangUp tells SIPp, with an INFO that no telephone system would send it, to end a call with BYE. It is lost on a
// call that is over.
func sayHangUp(port int, callID string) {
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(strings.Join([]string{
		"INFO sip:caller@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-test",
		"From: <sip:test@127.0.0.1>;tag=test",
		"To: <sip:caller@127.0.0.1>", "Call-ID: " + callID, "CSeq: 9 INFO", "Content-Length: 0", "", "",
	}, "\r\n")))
}
