package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"

	"countersign/ops/bench"
	"countersign/ops/metrics"
)

// benchService is `countersign serve` in a process of its own, with data of its own.
type benchService struct {
	folder, address, metrics string
	process                  *exec.Cmd
	printed                  chan struct{} // closed when its output has ended
}

// How long a service of bench may take to start, with its lines, and to stop.
const (
	benchStartWithin = time.Minute
	benchStopWithin  = 20 * time.Second
)

// benchFolder is the pattern of its folders.
const benchFolder = "countersign-bench-"

func startBenchService(c *cli.Context, cfg config, o bench.Options, line []byte) (s *benchService, err error) {
	s = &benchService{}
	if s.folder, err = os.MkdirTemp(c.String("folder"), benchFolder+"*"); err != nil {
		return nil, fmt.Errorf("make a folder for bench: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	own, err := s.settings(cfg)
	if err != nil {
		return nil, err
	}
	if err := benchDirectory(c.Context, own, o); err != nil {
		return nil, fmt.Errorf("make up customers: %w", err)
	}
	ctx, cancel := context.WithTimeout(c.Context, benchStartWithin)
	defer cancel()
	if err := s.start(ctx); err != nil {
		return nil, s.explain(err)
	}
	if len(line) == 0 {
		return s, nil
	}
	return s, s.apply(ctx, line)
}

// settings writes those of the service: of the operator's those that a call costs by, and nothing that names another
// system, a file or a key.
func (s *benchService) settings(cfg config) (own config, err error) {
	nats, err := freeAddress()
	if err != nil {
		return own, err
	}
	scrape, err := freeAddress()
	if err != nil {
		return own, err
	}
	s.metrics = "http://" + scrape + metrics.Path
	text, err := yaml.Marshal(map[string]any{
		"socket":    map[string]any{"listen": "127.0.0.1:0", "max_calls": cfg.Socket.MaxCalls, "drain": "1s"},
		"nats":      map[string]any{"listen": nats},
		"web":       map[string]any{"listen": "127.0.0.1:0"},
		"metrics":   map[string]any{"listen": scrape},
		"customers": map[string]any{"hash": cfg.Customers.Hash},
		"line":      map[string]any{"region": cfg.Line.Region},
		"log":       map[string]any{"level": "warn"},
		"calls":     cfg.Calls, "guard": cfg.Guard, "keys": cfg.Keys,
	})
	if err != nil {
		return own, err
	}
	if err := os.WriteFile(s.file("countersign.yaml"), text, 0o600); err != nil {
		return own, err
	}
	own = defaults()
	if err := own.readFile(s.file("countersign.yaml")); err != nil {
		return own, fmt.Errorf("settings for bench: %w", err)
	}
	own.data = s.file("data")
	return own, nil
}

func (s *benchService) file(name string) string { return filepath.Join(s.folder, name) }

// command is this program, with the service's settings and nothing of the operator's environment.
func (s *benchService) command(ctx context.Context, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"--config", s.file("countersign.yaml"), "--data", s.file("data")}, arguments...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "COUNTERSIGN_") && !strings.HasPrefix(v, "COUNTERSIGN_TEST_") || strings.HasPrefix(v, "OTEL_")
	})
	return cmd, nil
}

// answersOn is how serve says where it listens.
var answersOn = regexp.MustCompile(`answers FreeSWITCH on (\S+)\. `)

func (s *benchService) start(ctx context.Context) error {
	log, err := os.Create(s.file("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd, err := s.command(context.WithoutCancel(ctx), serveName)
	if err != nil {
		return err
	}
	cmd.Stderr = log
	// Ctrl-C is ours: the service ends when bench says so.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.process, s.printed = cmd, make(chan struct{})
	first := make(chan string, 1)
	go func() {
		defer close(s.printed)
		r := bufio.NewReader(out)
		text, _ := r.ReadString('\n')
		first <- text
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case text := <-first:
		at := answersOn.FindStringSubmatch(text)
		if at == nil {
			return errors.New("the service of bench did not start")
		}
		s.address = at[1]
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the service of bench did not start: %w", context.Cause(ctx))
	}
}

// apply puts a line in force.
func (s *benchService) apply(ctx context.Context, line []byte) error {
	if err := os.WriteFile(s.file("line.yaml"), line, 0o600); err != nil {
		return err
	}
	cmd, err := s.command(ctx, "lines", "apply", "--comment", "bench", s.file("line.yaml"))
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the line cannot be put in force: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// explain adds what the service last said.
func (s *benchService) explain(err error) error {
	text, _ := os.ReadFile(s.file("log"))
	said := strings.TrimSpace(string(text))
	if said == "" {
		return err
	}
	return fmt.Errorf("%w; the service said: %s", err, said[strings.LastIndexByte(said, '\n')+1:])
}

// close ends the service and removes its data.
func (s *benchService) close() error {
	if s.process != nil {
		_ = s.process.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(benchStopWithin, func() { _ = s.process.Process.Kill() })
		<-s.printed
		_ = s.process.Wait()
		late.Stop()
	}
	return os.RemoveAll(s.folder)
}

// freeAddress is an address of this machine on which nothing listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
