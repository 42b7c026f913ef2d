// Command mutate finds changes to the code that no test notices: it makes one small change at a time, runs the
// package's tests, and prints the change if they still pass. It never writes to the source tree: the compiler gets
// each mutant with `go test -overlay`.
//
//	go run ./scripts/mutate ./session ./esl            # 10 mutants of each, always the same ones
//	go run ./scripts/mutate -mutants 40 -seed 7 ./lines
//
// It exits 1 if a mutant survives that reviewed.txt does not excuse, or if an excuse matches no mutant any more.
// reviewed.txt has one mutant per line, as printed, followed by the reason.
//
// Why not a library: gremlins changes operators but drops no conditions or statements, which was most of what our tests
// missed; go-mutesting drops statements, but writes the mutant into the source tree, and was last changed in 2021.
// Neither keeps a reviewed list.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	packages []string
	mutants  int
	seed     uint64
	within   time.Duration
	reviewed string
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.IntVar(&o.mutants, "mutants", 10, "mutants per package; 0: all")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the choice: the same seed chooses the same mutants of the same code")
	flags.DurationVar(&o.within, "within", 2*time.Minute, "limit of the tests; a mutant that exceeds it counts as killed")
	reviewed := filepath.Join("scripts", "mutate", "reviewed.txt")
	flags.StringVar(&o.reviewed, "reviewed", reviewed, "file with the excused survivors and the reasons")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.packages = flags.Args(); len(o.packages) == 0 {
		return errors.New("name the packages to change, such as ./session")
	}
	return check(ctx, o, out)
}

// check tries a sample of the mutants of each package.
func check(ctx context.Context, o options, out io.Writer) error {
	excuses, err := readReviewed(o.reviewed)
	if err != nil {
		return err
	}
	packages, err := list(ctx, o.packages)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var unexcused, stale int
	for _, p := range packages {
		all, err := p.mutants()
		if err != nil {
			return err
		}
		for _, key := range excuses.stale(p, all) {
			stale++
			fmt.Fprintf(out, "excused, but there is no such mutant: %s\n", key)
		}
		n, err := tryAll(ctx, o, p, all, excuses, dir, out)
		unexcused += n
		if err != nil {
			return err
		}
	}
	if unexcused+stale > 0 {
		return fmt.Errorf("%d survived without an excuse, %d excuses match nothing: "+
			"write a test that fails with the mutant, or excuse it in %s", unexcused, stale, o.reviewed)
	}
	return nil
}

// tryAll tries mutants of one package until enough of them have compiled.
func tryAll(
	ctx context.Context, o options, p pkg, all []mutant, excuses reviewed, dir string, out io.Writer,
) (unexcused int, err error) {
	began := time.Now()
	if err := p.passes(ctx, o.within); err != nil {
		return 0, err
	}
	var tried, killed, excused int
	for _, m := range sample(all, o.seed, p.path) {
		if o.mutants > 0 && tried == o.mutants {
			break
		}
		result, err := p.try(ctx, m, o.within, dir)
		if err != nil {
			return unexcused, err
		}
		switch result {
		case broken:
			continue
		case dead:
			killed++
		default:
			if excuses[m.key()] != "" {
				excused++
				break
			}
			unexcused++
			fmt.Fprintf(out, "SURVIVED %s:%d\n\t%s\n", m.file, m.line, m.key())
		}
		tried++
	}
	fmt.Fprintf(out, "%s: %d of %d mutants tried, %d killed, %d excused, %d survived, in %s\n",
		p.path, tried, len(all), killed, excused, unexcused, time.Since(began).Round(time.Second))
	return unexcused, nil
}
