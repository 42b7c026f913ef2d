// Growth answers "what bends first when there is more of it?": calls at once, customers, lines, calls in reports. It
// measures each size, writes the numbers and a picture of each part into docs/growth, and the tables of docs/growth.md.
//
//	go run ./scripts/growth                          all parts, about an hour and 6 GB
//	go run ./scripts/growth -parts lines,calls       some of them
//	go run ./scripts/growth -parts customers -sizes 1000,10000
//
// What each run printed is kept in the folder of -raw, and read from there the next time, so an interrupted run goes on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("growth", flag.ContinueOnError)
	names := flags.String("parts", strings.Join(partNames(), ","), "what is measured, `names` separated by commas")
	sizes := flags.String("sizes", "", "`numbers` in place of a part's own, separated by commas")
	raw := flags.String("raw", filepath.Join(os.TempDir(), "countersign-growth"), "`folder` for what the runs printed")
	docs := flags.String("docs", "docs", "`folder` of the page")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(*raw, 0o755), os.MkdirAll(filepath.Join(*docs, "growth"), 0o755)); err != nil {
		return err
	}
	for name := range strings.SplitSeq(*names, ",") {
		p, ok := parts[name]
		if !ok {
			return fmt.Errorf("there is no part %q: it is one of %s", name, strings.Join(partNames(), ", "))
		}
		if *sizes != "" {
			p.sizes = nil
			for text := range strings.SplitSeq(*sizes, ",") {
				n, err := strconv.Atoi(text)
				if err != nil || n < 1 {
					return fmt.Errorf("-sizes has %q: it takes numbers from 1", text)
				}
				p.sizes = append(p.sizes, n)
			}
		}
		points, err := p.measure(*raw, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := p.write(*docs, name, points); err != nil {
			return err
		}
	}
	return nil
}
