package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pkg is a package to mutate.
type pkg struct {
	path  string   // import path
	files []string // relative to the working directory; those of this platform, without tests
}

// list finds the packages of patterns such as ./session.
func list(ctx context.Context, patterns []string) (all []pkg, err error) {
	args := append([]string{"list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles"}, patterns...)
	cmd := exec.CommandContext(ctx, "go", args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir                    string
			GoFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			return nil, fmt.Errorf("%s has no tests: every mutant would survive", p.ImportPath)
		}
		next := pkg{path: p.ImportPath}
		for _, f := range p.GoFiles {
			name, err := filepath.Rel(here, filepath.Join(p.Dir, f))
			if err != nil {
				return nil, err
			}
			next.files = append(next.files, filepath.ToSlash(name))
		}
		all = append(all, next)
	}
}

// mutants are all mutants of the package, in the order of its files.
func (p pkg) mutants() (all []mutant, err error) {
	for _, name := range p.files {
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found, err := mutantsOf(name, source)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// sample shuffles mutants, the same way for the same seed, package and code.
func sample(all []mutant, seed uint64, path string) []mutant {
	h := fnv.New64a()
	_, _ = io.WriteString(h, path)
	all = slices.Clone(all)
	rand.New(rand.NewPCG(seed, h.Sum64())).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// result is the fate of a mutant.
type result int

const (
	alive  result = iota
	dead          // a test failed, or they took too long
	broken        // it does not compile, and does not count
)

// try runs the tests with one mutant in place of its file.
func (p pkg) try(ctx context.Context, m mutant, within time.Duration, dir string) (result, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return 0, err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return 0, err
	}
	changed, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return 0, err
	}
	err = errors.Join(os.WriteFile(changed, m.apply(source), 0o600), os.WriteFile(overlay, replace, 0o600))
	if err != nil {
		return 0, err
	}
	out, err := p.test(ctx, within, "-overlay", overlay)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err == nil:
		return alive, nil
	case strings.Contains(out, "[build failed]"), strings.Contains(out, "[setup failed]"):
		return broken, nil
	default:
		return dead, nil
	}
}

// passes checks that the tests pass without a mutant: otherwise all mutants would seem dead.
func (p pkg) passes(ctx context.Context, within time.Duration) error {
	out, err := p.test(ctx, within)
	if err != nil {
		return fmt.Errorf("the tests of %s fail without a mutant: %w\n%s", p.path, err, out)
	}
	return nil
}

// building is how long compiling may take, apart from the tests.
const building = 5 * time.Minute

func (p pkg) test(ctx context.Context, within time.Duration, flags ...string) (out string, err error) {
	ctx, cancel := context.WithTimeout(ctx, within+building)
	defer cancel()
	args := []string{"test", "-vet=off", "-failfast", "-count=1", "-timeout", within.String()}
	args = append(append(args, flags...), p.path)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // go ends the tests that it runs
	cmd.WaitDelay = 10 * time.Second
	b, err := cmd.CombinedOutput()
	return string(b), err
}
