package freeswitch_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

// sippProcess is a SIPp that plays one scenario once, on a port of its own.
type sippProcess struct {
	Port int
	// Began is when it was started.
	Began time.Time

	whose, dir string
	process    *os.Process
	over       chan struct{}
}

// startSIPp plays a scenario, a template in testdata, towards a place. A message says whose it is.
func startSIPp(t testing.TB, whose, scenario, towards string, values map[string]any, more ...string) *sippProcess {
	t.Helper()
	sipp := needSIPp(t)
	s := &sippProcess{whose: whose, Port: freePort(t), dir: t.TempDir(), over: make(chan struct{})}
	tmpl, err := template.ParseFiles(filepath.Join("testdata", scenario))
	require.NoError(t, err)
	values["AnswerMilliseconds"], values["TalkMilliseconds"] = answerWithin.Milliseconds(), talkAtMost.Milliseconds()
	var b bytes.Buffer
	require.NoError(t, tmpl.Execute(&b, values))
	require.NoError(t, os.WriteFile(s.file(scenario), b.Bytes(), 0o600))

	cmd := exec.Command(sipp, append([]string{towards, "-sf", s.file(scenario), "-m", "1",
		"-i", "127.0.0.1", "-p", strconv.Itoa(s.Port), "-mi", "127.0.0.1", "-mp", strconv.Itoa(sippMediaPort(t)),
		"-ci", "127.0.0.1", "-cp", strconv.Itoa(freePort(t)), // the control socket is on all addresses unless told otherwise
		"-nostdin", "-timeout", fmt.Sprintf("%ds", int((answerWithin + talkAtMost + hangUpWithin).Seconds())),
		"-trace_err", "-error_file", s.file("errors"), "-trace_msg", "-message_file", s.file("messages"),
		"-trace_logs", "-log_file", s.log()}, more...)...)
	cmd.Dir, cmd.SysProcAttr = s.dir, dieWithUs()
	s.Began = time.Now()
	started := make(chan error, 1)
	go runToTheEnd(cmd, goFirst, started, s.over)
	require.NoError(t, <-started, "start %s", sipp)
	s.process = cmd.Process
	return s
}

func (s *sippProcess) file(name string) string { return filepath.Join(s.dir, name) }

// log is the file of what the scenario writes down.
func (s *sippProcess) log() string { return s.file("log") }

// end waits until SIPp has ended, which it was told to, and whoever talks through it. A failed test shows its messages.
func (s *sippProcess) end(t testing.TB, talking <-chan struct{}) {
	select {
	case <-s.over:
	case <-time.After(hangUpWithin):
		t.Errorf("the SIPp of %s did not end in %s; killed", s.whose, hangUpWithin)
		_ = s.process.Kill()
		<-s.over
	}
	<-talking
	if !t.Failed() {
		return
	}
	for _, name := range []string{"errors", "messages"} {
		b, _ := os.ReadFile(s.file(name))
		t.Logf("the %s in the SIPp of %s:\n%s", name, s.whose, b)
	}
}
