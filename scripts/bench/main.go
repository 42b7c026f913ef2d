// Bench answers "what does a call cost, how fast do callers hear us, and who is turned away when many call at once?",
// beside others who speak the same protocol. It calls servers in processes of their own, as FreeSWITCH would, with
// frames of full size, and counts what becomes of every caller: all key the right account and PIN.
//
//	go run .                                 all parts, and docs/benchmarks.md with its plots
//	go run . -parts cost,burst -at 50        some, and what they replace in the page
//	go run . -parts none                     the page again, of what was measured before
//
// Servers: eslgo and wire are the bare event socket, product is `countersign serve` with everything that it does by
// default.
package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 2 {
		switch arguments[0] {
		case "serve":
			return serveBare(arguments[1])
		case "spin":
			n, err := strconv.Atoi(arguments[1])
			spin(n)
			return err
		}
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	which := flags.String("parts", "all", "what to measure, `names` separated by commas, or all, or none")
	servers := flags.String("server", "eslgo,wire,product", "what to call, `names` separated by commas")
	at := flags.String("at", "", "`numbers` of calls at once, separated by commas; empty: those of the part")
	rounds := flags.Int("rounds", 5, "how often servers are compared in turn")
	scale := flags.Float64("scale", 1, "multiplies the numbers of calls, for a quick look or less noise")
	hash := flags.String("hash", "hmac", "how the product stores PINs: hmac or argon2id")
	program := flags.String("countersign", "",
		"the `program` to measure, without allocations and profile; empty: built here")
	settings := flags.String("settings", "", "a `file` with more settings of the product, YAML")
	page := flags.String("page", root+"/docs/benchmarks.md",
		"the `page` whose tables are written, with results and plots in the folder beside it; empty: none")
	profiles := flags.String("profiles", "", "keep CPU profiles in this `folder`, for go tool pprof")
	switches := flags.String("freeswitch", os.Getenv("FREESWITCH"),
		"`programs` of FreeSWITCH with mod_lua, separated by commas; empty: that part is left out")
	flags.Usage = func() { usage(flags) }
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	b := &bench{servers: strings.Split(*servers, ","), rounds: *rounds, scale: *scale, profiles: *profiles,
		out: os.Stdout}
	for number := range strings.SplitSeq(*at, ",") {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			b.at = append(b.at, n)
		} else if number != "" {
			return fmt.Errorf("-at has %q: it takes numbers from 1", number)
		}
	}
	chosen, err := choose(*which)
	if err != nil {
		return err
	}
	b.product = product{program: *program, hash: *hash}
	if *settings != "" {
		b.product.settings = read(*settings)
	}
	for program := range strings.SplitSeq(*switches, ",") {
		if program != "" {
			b.switches = append(b.switches, program)
		}
	}
	return b.measure(chosen, *page)
}

func usage(flags *flag.FlagSet) {
	fmt.Fprintln(flags.Output(), "Parts, with the minutes that they take on two cores:")
	for _, p := range parts {
		fmt.Fprintf(flags.Output(), "  %-12s %3.0f  %s\n", p.name, p.minutes, p.about)
	}
	fmt.Fprintln(flags.Output(), "Flags:")
	flags.PrintDefaults()
}

// choose finds parts by their names.
func choose(names string) (chosen []part, err error) {
	switch names {
	case "all":
		return parts, nil
	case "none":
		return nil, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no part %q: bench -help lists them", name)
		}
		chosen = append(chosen, parts[i])
	}
	return chosen, nil
}

// atMost bounds a measurement on a machine that is too busy for it.
const atMost = 45 * time.Minute

// workIn makes a folder for all that is written while measuring, which is removed even if the measurement is ended.
func workIn() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "countersign-bench-"); err != nil {
		return "", err
	}
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return "", err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-ended:
		case <-time.After(atMost):
			fmt.Fprintf(os.Stderr, "bench: not done within %s; the parts that are done are kept\n", atMost)
		}
		for range 10 { // servers, which end with us, may still write
			_ = os.RemoveAll(dir)
		}
		os.Exit(1)
	}()
	return dir, nil
}

// measure measures parts, and keeps each as soon as it is done.
func (b *bench) measure(chosen []part, page string) error {
	dir, err := workIn()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if b.product.program == "" && len(chosen) > 0 {
		if b.product.program, err = build(dir); err != nil {
			return err
		}
		b.product.probed = true
	}
	for _, p := range chosen {
		if p.name == "freeswitch" && len(b.switches) == 0 {
			fmt.Fprintln(b.out, "== freeswitch: left out, no program is named by FREESWITCH or -freeswitch")
			continue
		}
		began := time.Now()
		fmt.Fprintf(b.out, "== %s: %s (about %.0f minutes)\n", p.name, p.about, p.minutes)
		measured, err := p.measure(b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintf(b.out, "   took %s\n", time.Since(began).Round(time.Second))
		if err := keep(page, Results{p.name: measured}); err != nil {
			return err
		}
	}
	return keep(page, nil)
}

// keep adds results to those beside a page, and writes the page.
func keep(page string, more Results) error {
	if page == "" {
		return nil
	}
	folder := strings.TrimSuffix(page, ".md")
	results, err := readResults(folder)
	if err != nil {
		return err
	}
	maps.Copy(results, more)
	return errors.Join(results.write(folder), results.writePage(page))
}
