package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// root is the repository, seen from this folder.
const root = "../.."

// product is `countersign serve` in a folder of its own.
type product struct {
	// program is built by build, with a probe in it, or somebody else's, without.
	program string
	probed  bool
	// hash is how PINs are stored, settings is more YAML.
	hash, settings string
	// customers is the CSV of its customers, line a service line in place of the built-in one.
	customers, line string
}

// probeInside is compiled into the program that is measured, and into no other.
const probeInside = `package main

import (
	"fmt"
	"os"

	probe "countersign/internal/benchprobe"
)

func init() {
	if err := probe.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

// build compiles the product of this working tree into a folder, as it is but for the probe.
func build(dir string) (program string, err error) {
	top, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	source, err := filepath.Abs("probe/probe.go")
	if err != nil {
		return "", err
	}
	inside, overlay := filepath.Join(dir, "inside.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(inside, []byte(probeInside), 0o600); err != nil {
		return "", err
	}
	files, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(top, "internal/benchprobe/probe.go"):  source,
		filepath.Join(top, "cmd/countersign/benchprobe.go"): inside,
	}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, files, 0o600); err != nil {
		return "", err
	}
	program = filepath.Join(dir, "countersign")
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", program, "./cmd/countersign")
	cmd.Dir = top
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build countersign: %w\n%s", err, out)
	}
	return program, nil
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
	var addresses [3]string
	for i := range addresses {
		var err error
		if addresses[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	config := filepath.Join(dir, "countersign.yaml")
	text := fmt.Sprintf("socket: {listen: %q}\nnats: {listen: %q}\nweb: {listen: %q}\ncustomers: {hash: %s}\n"+
		"log: {level: warn}\n%s", addresses[0], addresses[1], addresses[2], p.hash, p.settings)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	command := func(arguments ...string) *exec.Cmd {
		always := []string{"--config", config, "--data", filepath.Join(dir, "data")}
		return exec.Command(p.program, append(always, arguments...)...)
	}
	fill := command("customers", "import", "-")
	fill.Stdin = strings.NewReader(p.customers)
	if out, err := fill.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("customers import: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	serve := command("serve")
	serve.Stderr = log
	s, err := launch(serve, p.probed, func(*bufio.Reader) (string, error) {
		for began := time.Now(); time.Since(began) < patience; time.Sleep(50 * time.Millisecond) {
			if command("health").Run() == nil {
				return addresses[0], nil
			}
		}
		return "", fmt.Errorf("it does not take calls after %s:\n%s", patience, read(log.Name()))
	})
	if err != nil || p.line == "" {
		return s, err
	}
	line := filepath.Join(dir, "line.yaml")
	if err := os.WriteFile(line, []byte(p.line), 0o600); err != nil {
		return nil, err
	}
	if out, err := command("lines", "apply", line).CombinedOutput(); err != nil {
		s.stop()
		return nil, fmt.Errorf("lines apply: %w\n%s", err, out)
	}
	return s, nil
}

// promptsIn is where a product in a folder keeps its recordings.
func promptsIn(dir string) string { return filepath.Join(dir, "data/prompts/en") }

func customersCSV(n int) string {
	var csv strings.Builder
	csv.WriteString("id,name,account,pin\n")
	for i := range n {
		fmt.Fprintf(&csv, "C-%d,Ada Lovelace,%s,%s\n", i, account(i), pin(i))
	}
	return csv.String()
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
