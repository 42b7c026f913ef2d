package freeswitch_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheSampleRecogniserUnderstandsCallers is an account said to the sample in scripts/recogniser. An engine on a busy
// machine errs, or is too slow: it has a few calls for it.
func TestTheSampleRecogniserUnderstandsCallers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	findFreeSWITCH(t)
	needVoice(t)
	s := startSiteOn(t, heardBy(t, startSampleRecogniser(t), everybody()), options{Files: lineDialplan})
	for n := range 6 {
		c := callWithSIPp(t, s.freeSWITCH, dial{To: "5600", From: numberOf(790, 30+n), Wide: true})
		c.AwaitHeard(t, 1, askedWithin)
		c.Say(t, "one zero zero zero four two")
		c.fs.calls.await(t, c.ID, "answered", saidWithin, func(s sighting) bool {
			return s.Application == "play_and_get_digits" || s.Application == "playback" &&
				!strings.Contains(s.Arguments, "greeting.wav")
		})
		if got := c.readBack(); got != "100042" {
			t.Logf("call %d: understood %q", n+1, got)
			c.Record(t)
			continue
		}
		c.Press("1")
		c.AwaitHeard(t, 3, askedWithin)
		c.Press("246813")
		c.AwaitAt(t, "default", "menu", saidWithin)
		assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())
		return
	}
	t.Error("the sample understood no caller")
}

// readBack are the digits that were read back, or nothing.
func (c *call) readBack() string {
	_, read, _ := strings.Cut(strings.Join(c.Played(), " "), "read-back ")
	var digits strings.Builder
	for word := range strings.FieldsSeq(read) {
		if digit, is := strings.CutPrefix(word, "digit-"); is {
			digits.WriteString(digit)
		}
	}
	return digits.String()
}

// startSampleRecogniser builds and starts the sample, which ends with the test, and returns its URL.
func startSampleRecogniser(t *testing.T) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go on the PATH to build the sample with: put Go's bin folder there, or run the tests by go test")
	}
	programtest.Find(t, "pocketsphinx_continuous")
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), buildWithin)
	defer cancel()
	binary, dictionary := filepath.Join(folder, "recogniser"), filepath.Join(folder, "words.dict")
	out, err := exec.CommandContext(ctx, goTool, "build", "-o", binary, "countersign/scripts/recogniser").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.WriteFile(dictionary, wordsOfAnswers(t), 0o600))

	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	var said bytes.Buffer
	cmd := exec.Command(binary, "--listen", address, "--dictionary", dictionary)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &said, &said, dieWithUs()
	started, exited := make(chan error, 1), make(chan struct{})
	go runToTheEnd(cmd, func() {}, started, exited)
	require.NoError(t, <-started)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
	})
	require.Eventually(t, func() bool {
		nc, err := net.Dial("tcp", address)
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	}, serveWithin, poll, "the sample does not listen")
	return "http://" + address
}
