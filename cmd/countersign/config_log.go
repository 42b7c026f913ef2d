package main

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// module is the path in front of our packages.
const module = "countersign"

// logParts are the packages that may have a level of their own, with those below them; cmd is the program itself.
var logParts = []string{
	"backend", "bus", "callback", "cmd", "esl", "freeswitch", "internal", "lines", "ops", "prompts", "queue", "reports",
	"session", "spoken", "steps", "store", "waiting", "web",
}

func logLevel(setting, text string) (l slog.Level, err error) {
	if err := l.UnmarshalText([]byte(text)); err != nil {
		return l, fmt.Errorf("%s is %q: it can be debug, info, warn or error", setting, text)
	}
	return l, nil
}

func (c config) checkLogLevels() (errs []error) {
	if _, err := logLevel("log.level", c.Log.Level); err != nil {
		errs = append(errs, err)
	}
	for _, part := range slices.Sorted(maps.Keys(c.Log.Levels)) {
		if _, err := logLevel("log.levels."+part, c.Log.Levels[part]); err != nil {
			errs = append(errs, err)
		}
		if first, _, _ := strings.Cut(part, "/"); !slices.Contains(logParts, first) {
			errs = append(errs, fmt.Errorf("log.levels has %q: it can be %s, or a package below, such as session/guard", part,
				strings.Join(logParts, ", ")))
		}
	}
	return errs
}

// logLevels are the checked levels.
func (c config) logLevels() (all slog.Level, parts map[string]slog.Level) {
	all, _ = logLevel("", c.Log.Level)
	parts = map[string]slog.Level{}
	for part, text := range c.Log.Levels {
		parts[part], _ = logLevel("", text)
	}
	return all, parts
}
