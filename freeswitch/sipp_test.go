package freeswitch_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	answerWithin = 40 * time.Second
	talkAtMost   = 2 * time.Minute
	hangUpWithin = 15 * time.Second
	arriveWithin = 10 * time.Second
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

// call is a caller on the line. It is hung up when the test ends.
type call struct {
	// ID is the SIP Call-ID, by which FreeSWITCH's events and call records tell it from others.
	ID string
	// Began is when the INVITE was about to be sent.
	Began time.Time
	fs    *freeSWITCH
	// phone is nil for a call that FreeSWITCH itself places.
	phone  *telephone
	hangUp func()
	over   <-chan struct{}
}

// callWithSIPp dials with SIPp, which does the signalling, and a telephone in this process, which does the sound. It
// returns at once.
func callWithSIPp(t testing.TB, f *freeSWITCH, d dial) *call {
	t.Helper()
	sipp := needSIPp(t)
	d.defaults()
	phone := newTelephoneOf(t, d.Wide)
	dir := t.TempDir()
	from := fmt.Sprintf("<sip:%s@127.0.0.1>", d.From)
	if d.Hidden {
		d.Headers = append([]string{"P-Asserted-Identity: " + from, "Privacy: id"}, d.Headers...)
		from = `"Anonymous" <sip:anonymous@anonymous.invalid>`
	}
	tmpl, err := template.ParseFiles("testdata/caller.xml")
	require.NoError(t, err)
	var scenario bytes.Buffer
	require.NoError(t, tmpl.Execute(&scenario, map[string]any{
		"From": from, "Headers": d.Headers, "MediaPort": phone.port(), "Wide": d.Wide,
		"AnswerMilliseconds": answerWithin.Milliseconds(), "TalkMilliseconds": talkAtMost.Milliseconds(),
	}))
	file := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(file("caller.xml"), scenario.Bytes(), 0o600))

	id, port := "cs-"+randomHex(), freePort(t)
	cmd := exec.Command(sipp, f.SIP, "-sf", file("caller.xml"), "-s", d.To, "-m", "1", "-cid_str", id,
		"-i", "127.0.0.1", "-p", strconv.Itoa(port), "-mi", "127.0.0.1",
		"-ci", "127.0.0.1", "-cp", strconv.Itoa(freePort(t)), // the control socket is on all addresses unless told otherwise
		"-nostdin", "-timeout", fmt.Sprintf("%ds", int((answerWithin+talkAtMost+hangUpWithin).Seconds())), "-timeout_error",
		"-trace_err", "-error_file", file("errors"), "-trace_msg", "-message_file", file("messages"),
		"-trace_logs", "-log_file", file("log"))
	cmd.Dir, cmd.SysProcAttr = dir, dieWithUs()
	began := time.Now()
	started, over := make(chan error, 1), make(chan struct{})
	go runToTheEnd(cmd, started, over)
	require.NoError(t, <-started, "start %s", sipp)

	c := &call{ID: id, Began: began, fs: f, phone: phone, over: over}
	c.hangUp = func() { sayHangUp(port, id) }
	talking := make(chan struct{})
	go func() {
		defer close(talking)
		defer phone.hangUp()
		c.talk(d, file("log"))
		<-over
	}()
	t.Cleanup(func() {
		c.hangUp()
		select {
		case <-over:
		case <-time.After(hangUpWithin):
			t.Errorf("SIPp did not end in %s; killed", hangUpWithin)
			_ = cmd.Process.Kill()
			<-over
		}
		<-talking
		if t.Failed() {
			for _, name := range []string{"errors", "messages"} {
				b, _ := os.ReadFile(file(name))
				t.Logf("SIPp's %s of %s:\n%s", name, id, b)
			}
		}
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

// Press keys digits in now and returns when the last key is let go.
func (c *call) Press(digits string) { c.phone.press(digits) }

// HangUp has the caller put the receiver down.
func (c *call) HangUp() { c.hangUp() }

// AwaitAt waits until the call runs an application of a dialplan extension.
func (c *call) AwaitAt(t testing.TB, context, extension string, within time.Duration) sighting {
	t.Helper()
	return c.fs.calls.await(t, c.ID, "at "+extension+" in "+context, within, func(s sighting) bool {
		return s.Context == context && s.Extension == extension
	})
}

// AwaitAsked waits until the call is asked for digits with a prompt for the nth time; the first is 1. What is keyed
// after that counts for it.
func (c *call) AwaitAsked(t testing.TB, prompt string, nth int, within time.Duration) sighting {
	t.Helper()
	return c.fs.calls.awaitNth(t, c.ID, fmt.Sprintf("asked %s, time %d", prompt, nth), nth, within, func(s sighting) bool {
		return s.Application == "play_and_get_digits" && strings.Contains(s.Arguments, "/"+prompt+".wav")
	})
}

// Leg is FreeSWITCH's Unique-ID of the call.
func (c *call) Leg(t testing.TB) string {
	t.Helper()
	return c.fs.calls.await(t, c.ID, "at all", arriveWithin, func(sighting) bool { return true }).Leg
}

// AwaitOver waits until the call has ended, whoever ended it.
func (c *call) AwaitOver(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case <-c.over:
	case <-time.After(within):
		require.Fail(t, "the call goes on", "after %s", within)
	}
}

// Hears waits for a tone, such as the ringing at the shipped agents (400 Hz): the proof that the caller is not in dead
// air.
func (c *call) Hears(t testing.TB, hz float64, within time.Duration) {
	t.Helper()
	require.True(t, c.phone.hear(hz, within), "the caller heard no tone of %v Hz in %s", hz, within)
}

// GoesOnHearing waits until a time and makes sure that the caller still hears a tone then, and heard it all the while.
func (c *call) GoesOnHearing(t testing.TB, hz float64, until time.Time) {
	t.Helper()
	for ok := true; ok; ok = time.Now().Before(until) {
		c.Hears(t, hz, ringsWithin)
	}
}

// AwaitSound waits until the caller hears anything at all.
func (c *call) AwaitSound(t testing.TB, within time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool { return c.FirstSound() > 0 }, within, poll, "the caller hears nothing")
}

// AwaitAnswerToKeys waits for the first frame of sound since the last key was let go, and returns how long it took.
func (c *call) AwaitAnswerToKeys(t testing.TB, within time.Duration) (took time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		c.phone.mu.Lock()
		defer c.phone.mu.Unlock()
		took = c.phone.resume.Sub(c.phone.keyed)
		return !c.phone.resume.IsZero()
	}, within, poll, "nothing is heard after the last key")
	return took
}

// FirstSound is the time from the INVITE to the first frame of sound, or 0 if there was none.
func (c *call) FirstSound() time.Duration {
	c.phone.mu.Lock()
	defer c.phone.mu.Unlock()
	if c.phone.first.IsZero() {
		return 0
	}
	return c.phone.first.Sub(c.Began)
}

// Record hangs up, if the call still goes on, and returns its call record.
func (c *call) Record(t testing.TB) callRecord {
	t.Helper()
	c.hangUp()
	c.AwaitOver(t, hangUpWithin)
	return c.fs.record(t, c.ID)
}
