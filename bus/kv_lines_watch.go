package bus

import (
	"context"
	"maps"

	"countersign/session/shared"
)

// Watch calls handle with all lines, sorted by name, at once and after each change, until ctx ends. Removed lines are
// among them: what is not there was never stored, or is lost. While NATS is away it waits. handle is called from the
// goroutine of Watch, perhaps again with the same lines. A damaged line is logged, and its last good version stays.
func (l *Lines) Watch(ctx context.Context, handle func([]shared.LineVersion)) {
	good := map[string]shared.LineVersion{}
	l.bucket.watch(ctx, "countersign lines", func(entries map[string]record) {
		maps.DeleteFunc(good, func(name string, _ shared.LineVersion) bool { _, found := entries[name]; return !found })
		for name, e := range entries {
			if !linePattern.MatchString(name) {
				continue // not a line
			}
			if e.deleted {
				good[name] = shared.LineVersion{Name: name, Removed: true}
				continue
			}
			s, err := storedFrom(name, e.value)
			if err != nil {
				l.state.log.Error("line in nats is damaged, its last good version stays", "line", name, "err", err)
				continue
			}
			good[name] = s
		}
		var lines []shared.LineVersion
		for _, s := range good {
			lines = append(lines, s)
		}
		sortByName(lines)
		handle(lines)
	})
}
