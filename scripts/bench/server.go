package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the process that is measured.
type server struct {
	address string
	process *os.Process
	stop    func()
}

// start starts a server by its name.
func start(name string, p product, profiles string) (*server, error) {
	switch name {
	case "product":
		return p.start()
	case "eslgo", "wire":
		return startBare(name, profiles)
	}
	return nil, errors.New("there is no such server: eslgo, wire, product")
}

// startBare has this program serve in another process.
func startBare(name, profiles string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "serve", name)
	if profiles != "" {
		cmd.Env = append(os.Environ(), "BENCH_PROFILE="+filepath.Join(profiles, name+".pprof"))
	}
	return launch(cmd, func(out *bufio.Reader) (string, error) {
		address, err := out.ReadString('\n')
		return strings.TrimSpace(address), err
	})
}

// launch starts a process and has ready read its address from what it prints.
func launch(cmd *exec.Cmd, ready func(*bufio.Reader) (string, error)) (*server, error) {
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
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() {
		_ = in.Close()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait()
	}
	reader := bufio.NewReader(out)
	address, err := ready(reader)
	if err != nil {
		stop()
		return nil, fmt.Errorf("not ready: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	return &server{address: address, process: cmd.Process, stop: stop}, nil
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

// watchMemory keeps the most until ended is closed, and then closes what it returns.
func (s *server) watchMemory(most *int64, ended <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for {
			*most = max(*most, s.resident())
			select {
			case <-ended:
				return
			case <-look.C:
			}
		}
	}()
	return done
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

func ownTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
