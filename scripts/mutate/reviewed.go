package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// reviewed are mutants that may survive, by their keys, and why.
type reviewed map[string]string

// because stands between a mutant and the reason why it may survive.
const because = "  // "

// readReviewed reads the list. Empty lines and those that begin with # are nothing.
func readReviewed(name string) (reviewed, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return reviewed{}, nil
	}
	if err != nil {
		return nil, err
	}
	all := reviewed{}
	for n, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, because)
		if i < 0 {
			return nil, fmt.Errorf("%s:%d: want a mutant as it is printed, two blanks, // and a reason", name, n+1)
		}
		key := strings.TrimSpace(line[:i])
		if all[key] != "" {
			return nil, fmt.Errorf("%s:%d: is there twice: %s", name, n+1, key)
		}
		all[key] = strings.TrimSpace(line[i+len(because):])
	}
	return all, nil
}

// stale are excuses for mutants of the package's files that there are no more.
func (r reviewed) stale(p pkg, all []mutant) (keys []string) {
	there := map[string]bool{}
	for _, m := range all {
		there[m.key()] = true
	}
	for key := range r {
		file, _, _ := strings.Cut(key, " ")
		if len(p.files) > 0 && path.Dir(file) == path.Dir(p.files[0]) && !there[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
