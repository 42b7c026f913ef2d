// Package pbx answers, on a real FreeSWITCH, "how long do callers wait for Countersign, beside a script inside
// FreeSWITCH and a dialplan that ask the same?". It starts a FreeSWITCH of its own and calls it by SIP.
package pbx

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"
)

//go:embed conf/authenticate.lua conf/dialplan.xml
var conf embed.FS

// modules are those that calls need.
var modules = []string{
	"mod_console", "mod_logfile", "mod_event_socket", "mod_sofia", "mod_commands", "mod_dptools", "mod_dialplan_xml",
	"mod_sndfile", "mod_tone_stream", "mod_lua",
}

const (
	startsWithin = time.Minute
	stopsWithin  = 20 * time.Second
	// rtpPorts are enough for some hundred calls at once.
	rtpFirst, rtpLast = 20000, 28000
)

// Switch is a running FreeSWITCH.
type Switch struct {
	// SIP is where it is called, Version what it says it is.
	SIP, Version string

	dir  string
	cmd  *exec.Cmd
	over chan struct{}
}

// Options are of a Switch.
type Options struct {
	// Binary is the program. Its modules are looked for beside it.
	Binary string
	// Repository is the folder of Countersign's sources, whose dialplan and smallest configuration it runs.
	Repository string
	// Socket is where Countersign answers, Prompts a folder of recordings.
	Socket, Prompts string
}

// Start starts a FreeSWITCH and returns when it can be called.
func Start(o Options) (*Switch, error) {
	dir, err := os.MkdirTemp("", "bench-freeswitch-")
	if err != nil {
		return nil, err
	}
	s := &Switch{dir: dir, over: make(chan struct{})}
	version, _ := exec.Command(o.Binary, "-version").Output()
	if fields := strings.Fields(string(version)); len(fields) > 2 {
		s.Version, _, _ = strings.Cut(fields[2], "-")
	}
	if err := s.configure(o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.start(o); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Switch) configure(o Options) error {
	var ports [2]int
	for i := range ports {
		l, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		ports[i] = l.LocalAddr().(*net.UDPAddr).Port
	}
	s.SIP = fmt.Sprintf("127.0.0.1:%d", ports[0])
	folder := filepath.Join(s.dir, "conf")
	if err := os.MkdirAll(filepath.Join(folder, "dialplan"), 0o755); err != nil {
		return err
	}
	tmpl, err := template.ParseFiles(filepath.Join(o.Repository, "freeswitch/testdata/freeswitch.xml"))
	if err != nil {
		return err
	}
	var main bytes.Buffer
	if err := tmpl.Execute(&main, map[string]any{
		"Modules": modules, "Configuration": `<configuration name="lua.conf"><settings/></configuration>`, "Directory": "",
		"SIPPort": ports[0], "EventSocketPort": ports[1], "Password": fmt.Sprint(time.Now().UnixNano()),
		"LogLevel": "warning", "RTPFirst": rtpFirst, "RTPLast": rtpLast,
	}); err != nil {
		return err
	}
	shipped, err := os.ReadFile(filepath.Join(o.Repository, "freeswitch/conf/dialplan/countersign.xml"))
	if err != nil {
		return err
	}
	ours, _ := conf.ReadFile("conf/dialplan.xml")
	script, _ := conf.ReadFile("conf/authenticate.lua")
	var vars bytes.Buffer
	for _, v := range [][2]string{{"countersign_socket", o.Socket}, {"bench_prompts", o.Prompts},
		{"bench_script", filepath.Join(folder, "authenticate.lua")}, {"bench_table", table()}} {
		fmt.Fprintf(&vars, "<X-PRE-PROCESS cmd=\"set\" data=\"%s=%s\"/>\n", v[0], v[1])
	}
	for name, text := range map[string][]byte{
		"freeswitch.xml": main.Bytes(), "vars.xml": fmt.Appendf(nil, "<include>\n%s</include>\n", vars.Bytes()),
		"dialplan/countersign.xml": shipped, "dialplan/bench.xml": ours, "authenticate.lua": script,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (s *Switch) start(o Options) error {
	binary, err := filepath.EvalSymlinks(o.Binary)
	if err != nil {
		return err
	}
	args := []string{"-nf", "-nc", "-nonat", "-nocal", "-conf", filepath.Join(s.dir, "conf"),
		"-mod", filepath.Join(filepath.Dir(binary), "../lib/freeswitch/mod")}
	for _, name := range []string{"log", "db", "run", "scripts", "temp", "recordings", "storage", "cache", "sounds",
		"certs", "grammar", "htdocs"} {
		folder := filepath.Join(s.dir, name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		args = append(args, "-"+name, folder)
	}
	out, err := os.Create(filepath.Join(s.dir, "console"))
	if err != nil {
		return err
	}
	defer out.Close()
	s.cmd = exec.Command(binary, args...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = out, out, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	go func() { defer close(s.over); _ = s.cmd.Wait() }()
	for began := time.Now(); time.Since(began) < startsWithin; time.Sleep(100 * time.Millisecond) {
		select {
		case <-s.over:
			return fmt.Errorf("FreeSWITCH ended while it was starting:\n%s", s.console())
		default:
		}
		if answersSIP(s.SIP) {
			return nil
		}
	}
	return fmt.Errorf("FreeSWITCH takes no calls after %s:\n%s", startsWithin, s.console())
}

// answersSIP asks for what it can do, which it tells whoever asks.
func answersSIP(address string) bool {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	here := conn.LocalAddr()
	fmt.Fprintf(conn, "OPTIONS sip:bench@%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;branch=z9hG4bK-ready\r\n"+
		"From: <sip:bench@%[2]s>;tag=ready\r\nTo: <sip:bench@%[1]s>\r\nCall-ID: ready-%[2]s\r\nCSeq: 1 OPTIONS\r\n"+
		"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n", address, here)
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	n, err := conn.Read(make([]byte, 4096))
	return err == nil && n > 0
}

func (s *Switch) console() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "console"))
	return string(text[max(0, len(text)-4000):])
}

// Process is its id.
func (s *Switch) Process() int { return s.cmd.Process.Pid }

// Stop ends it and removes what it wrote.
func (s *Switch) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.over:
		case <-time.After(stopsWithin):
			_ = s.cmd.Process.Kill()
			<-s.over
		}
	}
	_ = os.RemoveAll(s.dir)
}
