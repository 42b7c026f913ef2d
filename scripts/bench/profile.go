package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// profile says where the processor time of our wire and of the product goes, with 50 calls at once.
func (b *bench) profile() (*Part, error) {
	p := &Part{Machine: thisMachine()}
	for _, name := range []string{"wire", "product"} {
		l := load{callers: 50, each: b.each(50, 3000)}
		if name == "wire" {
			l.each *= 5 // for as many samples
		}
		_, err := b.on(name, l.calls(), func(s *server) (*Run, error) {
			if !s.probed {
				return nil, fmt.Errorf("a program of one's own (-countersign) gives no profile")
			}
			if _, err := l.run(s); err != nil { // warm
				return nil, err
			}
			text, err := s.profile(func() error { _, err := l.run(s); return err })
			if err != nil {
				return nil, err
			}
			if b.profiles != "" {
				if err := os.WriteFile(filepath.Join(b.profiles, name+".pprof"), text, 0o644); err != nil {
					return nil, err
				}
			}
			cpu, err := profile.ParseData(text)
			if err != nil {
				return nil, err
			}
			for _, share := range shares(cpu) {
				share.Server = name
				p.Profile = append(p.Profile, share)
				fmt.Fprintf(b.out, "%-8s %5.1f %%  %s\n", name, share.Percent, share.Of)
			}
			return nil, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// owners are whose work a function is, by the beginning of its name; the first that fits counts.
var owners = []struct{ prefix, name string }{
	{"github.com/mattn/go-sqlite3", "SQLite"},
	{"github.com/nats-io/nats-server/", "NATS, the server inside"},
	{"github.com/nats-io/nats.go", "NATS, the client"},
	{"countersign/store/", "stores, beside SQLite"},
	{"countersign/bus", "bus: relay, feed, shared state"},
	{"countersign/esl", "event socket"},
	{"countersign/session/guard", "attempts and locks"},
	{"countersign/session", "session and events"},
	{"countersign/reports", "reports"},
	{"countersign/web", "screens"},
	{"countersign/", "the rest of Countersign"},
	{"log/slog", "logging"},
}

// shares counts each sample for the innermost function that has an owner, since what the standard library or the
// kernel does is done for it; the kernel's part is told apart. What nobody called is the runtime's.
func shares(cpu *profile.Profile) []Share {
	var total float64
	times := map[string]float64{}
	for _, sample := range cpu.Sample {
		t := float64(sample.Value[len(sample.Value)-1])
		total += t
		times[owner(sample)] += t
	}
	var all []Share
	const small = 0.01
	for name, t := range maps.Clone(times) {
		if t < small*total {
			times["the rest"] += t
			delete(times, name)
		}
	}
	for name, t := range times {
		all = append(all, Share{Of: name, Percent: 100 * t / max(total, 1)})
	}
	slices.SortFunc(all, func(a, b Share) int { return cmp.Compare(b.Percent, a.Percent) })
	return all
}

func owner(sample *profile.Sample) string {
	for _, location := range sample.Location {
		for _, line := range location.Line {
			if line.Function == nil {
				continue
			}
			for _, o := range owners {
				if strings.HasPrefix(line.Function.Name, o.prefix) {
					return o.name + inKernel(sample)
				}
			}
		}
	}
	return "Go's runtime: garbage, scheduling"
}

// inKernel says whether a sample is a system call.
func inKernel(sample *profile.Sample) string {
	for _, line := range sample.Location[0].Line {
		if line.Function != nil && strings.Contains(line.Function.Name, "internal/runtime/syscall") {
			return ", in the kernel"
		}
	}
	return ""
}
