package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"

	"countersign/internal/loglevels"
)

// settings are those in force. A reload replaces them as a whole.
type settings struct {
	// file is where they were read, "" for the defaults.
	file string
	// levels are those of the log.
	levels *loglevels.Levels

	mu      sync.Mutex
	cfg     config
	changed chan struct{} // closed by the next change
}

func newSettings(cfg config) *settings {
	s := &settings{cfg: cfg, changed: make(chan struct{}), levels: loglevels.New(module)}
	s.levels.Set(cfg.logLevels())
	return s
}

// logger is the log of a program that runs for long.
func (s *settings) logger(to io.Writer) *slog.Logger {
	return slog.New(s.levels.Handler(newLogger(to, s.get().Log.Format, slog.LevelDebug).Handler()))
}

func (s *settings) get() config {
	cfg, _ := s.now()
	return cfg
}

// now are the settings in force, and what is closed when there are others.
func (s *settings) now() (config, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg, s.changed
}

func (s *settings) set(cfg config) {
	s.levels.Set(cfg.logLevels())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg = cfg
	close(s.changed)
	s.changed = make(chan struct{})
}

// whileInForce runs a task until ctx ends, and anew whenever the part of the settings that it goes by is another.
func (s *settings) whileInForce(
	ctx context.Context, part func(config) any, task func(ctx context.Context, cfg config),
) {
	for ctx.Err() == nil {
		cfg, changed := s.now()
		running, stop := context.WithCancel(ctx)
		var watching sync.WaitGroup
		watching.Go(func() {
			defer stop()
			for {
				select {
				case <-running.Done():
					return
				case <-changed:
				}
				var next config
				if next, changed = s.now(); !reflect.DeepEqual(part(cfg), part(next)) {
					return
				}
			}
		})
		task(running, cfg)
		if running.Err() == nil { // it has nothing to do by these settings
			<-running.Done()
		}
		stop()
		watching.Wait()
	}
}

// reloadable are the settings that change without a restart, whole sections or single ones.
var reloadable = []string{
	"log.level", "log.levels", "line", "lines", "backend", "sms", "email", "code_calls", "test_calls", "guard", "web.keys", "nats.user", "nats.password", "nats.token", "retention", "reports",
	"callbacks.agents", "callbacks.caller", "callbacks.ring", "callbacks.socket", "callbacks.line", "callbacks.countries", "callbacks.window",
	"callbacks.capacity", "callbacks.hours",
}

func retentionOf(c config) any { return c.Retention }

func schedulesOf(c config) any { return [...]any{c.Reports.Schedules, c.Reports.Mail} }

// changes are the settings in which two differ, such as web.listen: those that a reload applies, and those that it does
// not.
func changes(before, after config) (applied, restart []string) {
	for _, path := range differences(reflect.ValueOf(before), reflect.ValueOf(after), "", 2) {
		section, _, _ := strings.Cut(path, ".")
		if slices.Contains(reloadable, path) || slices.Contains(reloadable, section) {
			applied = append(applied, path)
			continue
		}
		restart = append(restart, path)
	}
	return applied, restart
}

// differences are the paths of what differs, down to a depth.
func differences(a, b reflect.Value, path string, depth int) (paths []string) {
	for i := range a.NumField() {
		field := a.Type().Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if !field.IsExported() || key == "" {
			continue
		}
		x, y := a.Field(i), b.Field(i)
		if reflect.DeepEqual(x.Interface(), y.Interface()) {
			continue
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		if depth > 1 && x.Kind() == reflect.Struct {
			if below := differences(x, y, at, depth-1); len(below) > 0 {
				paths = append(paths, below...)
				continue
			}
		}
		paths = append(paths, at)
	}
	return paths
}

// withRestartOnly is next with what needs a restart as it is now.
func (c config) withRestartOnly(next config) config {
	now := reflect.ValueOf(c)
	out := reflect.ValueOf(&next).Elem()
	for i := range now.NumField() {
		field := now.Type().Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case !field.IsExported(), slices.Contains(reloadable, key):
		case field.Type.Kind() == reflect.Struct && slices.ContainsFunc(reloadable, func(r string) bool {
			return strings.HasPrefix(r, key+".")
		}):
			keepBut(now.Field(i), out.Field(i), key)
		default:
			out.Field(i).Set(now.Field(i))
		}
	}
	next.data, next.noReports, next.demo = c.data, c.noReports, c.demo
	return next
}

// keepBut copies the settings of a section that are not reloadable.
func keepBut(now, out reflect.Value, section string) {
	for i := range now.NumField() {
		key := cmp.Or(now.Type().Field(i).Tag.Get("yaml"), "-")
		if !slices.Contains(reloadable, section+"."+key) {
			out.Field(i).Set(now.Field(i))
		}
	}
}
