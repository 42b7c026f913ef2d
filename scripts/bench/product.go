package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// product is `countersign serve` in a folder of its own, with customers for every call.
type product struct {
	program, hash, settings string
	customers               int
}

func (p product) start() (*server, error) {
	dir, err := os.MkdirTemp("", "countersign-bench-")
	if err != nil {
		return nil, err
	}
	s, err := p.startIn(dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	stop := s.stop
	s.stop = func() { stop(); _ = os.RemoveAll(dir) }
	return s, nil
}

func (p product) startIn(dir string) (*server, error) {
	if p.program == "" {
		p.program = filepath.Join(dir, "countersign")
		build := exec.Command("go", "build", "-o", p.program, "countersign/cmd/countersign")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	socket, err := freePort()
	if err != nil {
		return nil, err
	}
	nats, err := freePort()
	if err != nil {
		return nil, err
	}
	more := ""
	if p.settings != "" {
		text, err := os.ReadFile(p.settings)
		if err != nil {
			return nil, err
		}
		more = string(text)
	}
	config := filepath.Join(dir, "countersign.yaml")
	text := fmt.Sprintf("socket: {listen: %q}\nnats: {listen: %q}\ncustomers: {hash: %s}\nlog: {level: warn}\n%s", socket, nats,
		p.hash, more)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	command := func(arguments ...string) *exec.Cmd {
		return exec.Command(p.program, append([]string{"--config", config, "--data", filepath.Join(dir, "data")}, arguments...)...)
	}
	var csv strings.Builder
	csv.WriteString("id,name,account,pin\n")
	for i := range p.customers {
		fmt.Fprintf(&csv, "C-%d,Ada Lovelace,%s,%s\n", i, account(i), pin(i))
	}
	fill := command("customers", "import", "-")
	fill.Stdin = strings.NewReader(csv.String())
	if out, err := fill.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("customers import: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(os.TempDir(), "countersign-bench.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	serve := command("serve")
	serve.Stderr = log
	return launch(serve, func(*bufio.Reader) (string, error) {
		for began := time.Now(); time.Since(began) < patience; time.Sleep(50 * time.Millisecond) {
			if command("health").Run() == nil {
				return socket, nil
			}
		}
		return "", fmt.Errorf("it does not take calls after %s: see %s", patience, log.Name())
	})
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
