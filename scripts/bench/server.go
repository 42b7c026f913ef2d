package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"countersign/scripts/bench/probe"
)

// server is the process that is measured.
type server struct {
	address string
	process *os.Process
	// probed says that the process answers the questions of package probe.
	probed bool
	probe  http.Client
	stop   func()
}

// patience bounds every wait for a server.
const patience = time.Minute

// start starts a server by its name.
func start(name string, p product) (*server, error) {
	if name == "product" {
		return p.start()
	}
	if bareServers[name] == nil {
		return nil, fmt.Errorf("there is no server %q: eslgo, wire, product", name)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return launch(exec.Command(self, "serve", name), true, func(out *bufio.Reader) (string, error) {
		address, err := out.ReadString('\n')
		return strings.TrimSpace(address), err
	})
}

// launch starts a process and has ready read its address from what it prints.
func launch(cmd *exec.Cmd, probed bool, ready func(*bufio.Reader) (string, error)) (*server, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "probe")
	cmd.Env = append(os.Environ(), probe.Variable+"="+socket)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	stop := func() {
		_ = in.Close()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	reader := bufio.NewReader(out)
	address, err := ready(reader)
	if err != nil {
		stop()
		return nil, fmt.Errorf("not ready: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &server{address: address, process: cmd.Process, stop: stop, probed: probed,
		probe: http.Client{Timeout: patience, Transport: &http.Transport{DialContext: dial}}}, nil
}

// tick is Linux's unit of processor time in /proc, on every architecture that Go knows.
const tick = time.Second / 100

// processorTime is what the process has used, user and system.
func (s *server) processorTime() time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Pid))
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// resident is the process's memory in bytes.
func (s *server) resident() int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.process.Pid))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// settle waits until the process does nothing more for the calls, so that what it does after them counts as theirs.
func (s *server) settle() {
	for range 100 {
		before := s.processorTime()
		time.Sleep(300 * time.Millisecond)
		if s.processorTime()-before <= tick {
			return
		}
	}
}

// memory asks the runtime; zero if the process does not answer.
func (s *server) memory(collect bool) (m probe.Memory, err error) {
	if !s.probed {
		return m, nil
	}
	question := "http://probe/memory"
	if collect {
		question += "?collect"
	}
	r, err := s.probe.Get(question)
	if err != nil {
		return m, err
	}
	defer r.Body.Close()
	return m, json.NewDecoder(r.Body).Decode(&m)
}

// profile keeps a CPU profile of what happens meanwhile.
func (s *server) profile(meanwhile func() error) ([]byte, error) {
	r, err := s.probe.Post("http://probe/profile", "", nil)
	if err != nil {
		return nil, err
	}
	_ = r.Body.Close()
	if err := meanwhile(); err != nil {
		return nil, err
	}
	if r, err = s.probe.Get("http://probe/profile"); err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("profile: %s", r.Status)
	}
	return io.ReadAll(r.Body)
}
