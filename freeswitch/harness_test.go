// Package freeswitch_test answers the question whether what we ship works on a real FreeSWITCH: the shipped dialplan,
// unchanged, real SIP calls, real telephone keys, real call records. It starts a FreeSWITCH of its own for that, which
// listens on 127.0.0.1 only. Without a FreeSWITCH or a SIPp on the machine the tests are skipped and say so; they never
// fetch or build one.
package freeswitch_test

import (
	"bytes"
	cryptorand "crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	readyWithin = 40 * time.Second
	stopWithin  = 15 * time.Second
	apiWithin   = 10 * time.Second
	// poll is how often a condition is looked at that FreeSWITCH does not tell us about.
	poll = 20 * time.Millisecond
)

// await looks until a condition holds, and says whether that was in time. Unlike require.Eventually it looks in the
// test's own goroutine, so that the condition may end the test, and not all the time where a look takes long.
func await(within time.Duration, holds func() bool) bool {
	for over := time.After(within); ; {
		began := time.Now()
		if holds() {
			return true
		}
		select {
		case <-over:
			return false
		case <-time.After(max(poll, 4*time.Since(began))):
		}
	}
}

// options say what an operator has changed. The zero value is the shipped configuration.
type options struct {
	// Variables are global variables in vars.xml: countersign_socket, countersign_deadman, countersign_agents.
	Variables map[string]string
	// Files are more dialplan files by their path under dialplan/, such as "default/10_queue.xml"; without the <include>
	// around them.
	Files map[string]string
	// Modules are loaded besides those that all tests need; a test that asks for one that is not there is skipped.
	// Configuration is theirs, in the words of freeswitch.xml.
	Modules       []string
	Configuration string
	// Grammar is grammar_dir; default an empty folder.
	Grammar string
}

// freeSWITCH is a running FreeSWITCH. Any number of tests, one after the other or in parallel, may call it; it is
// stopped when the test that started it ends.
type freeSWITCH struct {
	// SIP is the address of its one SIP profile, "harness"; calls to it start in the context "public".
	SIP string
	// LogDir holds freeswitch.log (at DEBUG), cdr-csv/ and json_cdr/.
	LogDir string

	eventSocket, password string
	conn                  *inbound
	calls                 *sightings

	process *os.Process
	exited  chan struct{}
}

// modules are those that the tests need. A vanilla FreeSWITCH loads all of them but mod_json_cdr.
var modules = []string{
	"mod_console", "mod_logfile", "mod_event_socket", "mod_cdr_csv", "mod_json_cdr", "mod_sofia", "mod_commands",
	"mod_dptools", "mod_dialplan_xml", "mod_sndfile", "mod_tone_stream",
}

// startFreeSWITCH starts a FreeSWITCH with the shipped dialplan and returns when it takes calls.
func startFreeSWITCH(t testing.TB, o options) *freeSWITCH {
	t.Helper()
	binary, modDir := findFreeSWITCH(t)
	for _, m := range o.Modules {
		if _, err := os.Stat(filepath.Join(modDir, m+".so")); err != nil {
			t.Skipf("this FreeSWITCH has no %s: install or build that module, or name a folder with it by FREESWITCH_MOD: %v", m,
				err)
		}
	}
	dir := t.TempDir()
	f := &freeSWITCH{LogDir: filepath.Join(dir, "log"), password: randomHex(), calls: newSightings(),
		exited: make(chan struct{})}
	f.configure(t, filepath.Join(dir, "conf"), o)

	args := []string{"-nf", "-nc", "-nonat", "-nocal", "-mod", modDir, "-conf", filepath.Join(dir, "conf"), "-log",
		f.LogDir}
	for _, d := range []string{"db", "run", "scripts", "temp", "recordings", "storage", "cache", "sounds", "certs",
		"grammar", "htdocs"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
		folder := filepath.Join(dir, d)
		if d == "grammar" && o.Grammar != "" {
			folder = o.Grammar
		}
		args = append(args, "-"+d, folder)
	}
	cert, err := certificate()
	require.NoError(t, err)
	for _, name := range []string{"dtls-srtp.pem", "wss.pem"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "certs", name), cert, 0o600))
	}
	require.NoError(t, os.MkdirAll(f.LogDir, 0o755))
	out, err := os.Create(filepath.Join(f.LogDir, "console"))
	require.NoError(t, err)
	defer out.Close()
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, dieWithUs()

	started := make(chan error, 1)
	go runToTheEnd(cmd, started, f.exited)
	require.NoError(t, <-started, "start %s", binary)
	f.process = cmd.Process
	t.Cleanup(func() { f.stop(t) })
	f.awaitReady(t)
	return f
}

// runToTheEnd starts a process, says whether that worked, and closes over when the process has ended.
func runToTheEnd(cmd *exec.Cmd, started chan<- error, over chan<- struct{}) {
	runtime.LockOSThread() // dieWithUs means: with the thread that started it
	defer close(over)
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait()
	}
}

func findFreeSWITCH(t testing.TB) (binary, modDir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a real FreeSWITCH takes seconds to start: run without -short")
	}
	binary = os.Getenv("FREESWITCH")
	if binary == "" {
		var err error
		if binary, err = exec.LookPath("freeswitch"); err != nil {
			t.Skip("no FreeSWITCH found: install FreeSWITCH 1.10 or later, and set FREESWITCH to its binary or put " +
				"freeswitch on the PATH")
		}
	}
	real, err := filepath.EvalSymlinks(binary)
	require.NoError(t, err, "FREESWITCH=%s", binary)
	dirs := []string{os.Getenv("FREESWITCH_MOD")}
	if dirs[0] == "" {
		bin := filepath.Dir(real)
		dirs = []string{filepath.Join(bin, "../lib/freeswitch/mod"), filepath.Join(bin, "../mod"), "/usr/lib/freeswitch/mod",
			"/usr/lib64/freeswitch/mod"}
	}
	var missing []string
	for _, d := range dirs {
		missing = nil
		for _, m := range modules {
			if _, err := os.Stat(filepath.Join(d, m+".so")); err != nil {
				missing = append(missing, m)
			}
		}
		if len(missing) == 0 {
			return real, d
		}
	}
	t.Skipf("FreeSWITCH %s is there, but its modules are not: looked in %v, missing in the last %v; "+
		"set FREESWITCH_MOD to its mod directory", real, dirs, missing)
	return "", ""
}

// configure writes a configuration directory in the layout of the vanilla one, with the shipped files copied into it
// byte for byte. FreeSWITCH reads its preprocessor's lines, and <include>, by the line: each stands on one of its own.
func (f *freeSWITCH) configure(t testing.TB, dir string, o options) {
	t.Helper()
	sip, es, rtp := freePort(t), freePort(t), freePortRange(t)
	f.SIP, f.eventSocket = fmt.Sprintf("127.0.0.1:%d", sip), fmt.Sprintf("127.0.0.1:%d", es)

	require.NoError(t, os.CopyFS(filepath.Join(dir, "dialplan"), os.DirFS("conf/dialplan")))
	files := map[string]string{}
	include := func(name, lines string) { files[name] = "<include>\n" + lines + "\n</include>\n" }
	for _, context := range []string{"public", "default"} {
		include("dialplan/"+context+".xml", fmt.Sprintf(
			"<context name=%q>\n<X-PRE-PROCESS cmd=\"include\" data=\"%s/*.xml\"/>\n</context>", context, context))
	}
	var vars []string
	for name, value := range o.Variables {
		vars = append(vars, fmt.Sprintf("<X-PRE-PROCESS cmd=\"set\" data=\"%s=%s\"/>", name, value))
	}
	include("vars.xml", strings.Join(vars, "\n"))
	for name, lines := range o.Files {
		include("dialplan/"+name, lines)
	}
	tmpl, err := template.ParseFiles("testdata/freeswitch.xml")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, tmpl.Execute(&b, map[string]any{
		"Modules": append(modules[:len(modules):len(modules)], o.Modules...), "Configuration": o.Configuration,
		"SIPPort": sip, "EventSocketPort": es, "Password": f.password, "RTPFirst": rtp, "RTPLast": rtp + 199,
	}))
	files["freeswitch.xml"] = b.String()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

// awaitReady connects to the event socket and waits for the SIP profile.
func (f *freeSWITCH) awaitReady(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(readyWithin)
	for f.conn == nil {
		select {
		case <-f.exited:
			t.Fatalf("FreeSWITCH ended while it was starting:\n%s%s", f.tail("console"), f.tail("freeswitch.log"))
		case <-time.After(poll):
		}
		require.True(t, time.Now().Before(deadline), "FreeSWITCH did not open its event socket in %s:\n%s", readyWithin,
			f.tail("freeswitch.log"))
		if conn, err := dialInbound(f.eventSocket, f.password, f.calls.see); err == nil {
			f.conn = conn
		}
	}
	require.True(t, await(time.Until(deadline), func() bool {
		return strings.Contains(f.API(t, "sofia status"), "RUNNING")
	}), "the SIP profile did not come up in %s:\n%s", readyWithin, f.tail("freeswitch.log"))
	reply, _, err := f.conn.do("event plain CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE", apiWithin)
	require.NoError(t, err)
	require.Contains(t, reply, "+OK")
}

// API runs a command of FreeSWITCH's console and returns what it says.
func (f *freeSWITCH) API(t testing.TB, line string) string {
	t.Helper()
	_, body, err := f.conn.do("api "+line, apiWithin)
	require.NoError(t, err, "api %s", line)
	return body
}

// Set changes a global variable for the calls to come, as the guide tells an operator to.
func (f *freeSWITCH) Set(t testing.TB, name, value string) {
	t.Helper()
	require.Equal(t, "+OK", f.API(t, "global_setvar "+name+"="+value))
}

// stop ends this FreeSWITCH, and no other, and fails the test if it does not go.
func (f *freeSWITCH) stop(t testing.TB) {
	if t.Failed() {
		t.Logf("the last lines of FreeSWITCH's log:\n%s", f.tail("freeswitch.log"))
	}
	_ = f.process.Signal(syscall.SIGTERM)
	if f.conn != nil {
		_, _, _ = f.conn.do("api fsctl shutdown now", time.Second) // does not answer, but is 3 s faster than the signal alone
		defer f.conn.Close()
	}
	select {
	case <-f.exited:
		return
	case <-time.After(stopWithin):
		t.Errorf("FreeSWITCH did not stop in %s; killed", stopWithin)
		_ = f.process.Kill()
	}
	select {
	case <-f.exited:
	case <-time.After(stopWithin):
		t.Errorf("FreeSWITCH (process %d) does not die", f.process.Pid)
	}
}

// Written is everything FreeSWITCH has put on disk about its calls so far: its log at DEBUG and its call records, by
// file name.
func (f *freeSWITCH) Written(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(f.LogDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	}))
	return all
}

func (f *freeSWITCH) tail(name string) string {
	b, err := os.ReadFile(filepath.Join(f.LogDir, name))
	if err != nil {
		return err.Error()
	}
	const most = 8000
	if len(b) > most {
		b = b[len(b)-most:]
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	return string(b)
}

func randomHex() string {
	b := make([]byte, 8)
	_, _ = cryptorand.Read(b)
	return hex.EncodeToString(b)
}
