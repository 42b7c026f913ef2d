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

// reviewed maps the keys of mutants that may survive to the reasons.
type reviewed map[string]string

// because separates a mutant from the reason why it may survive.
const because = "  // "

// readReviewed reads the list. It skips empty lines and those that begin with #.
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
			return nil, fmt.Errorf("%s:%d: want a mutant as printed, two blanks, // and a reason", name, n+1)
		}
		key := strings.TrimSpace(line[:i])
		if all[key] != "" {
			return nil, fmt.Errorf("%s:%d: a duplicate: %s", name, n+1, key)
		}
		all[key] = strings.TrimSpace(line[i+len(because):])
	}
	return all, nil
}

// stale are excuses for mutants of the package that no longer exist.
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
