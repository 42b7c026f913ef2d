// Package loglevels gives each part of a program its own log level. A part is a package, told by where a line was
// written, so nobody has to pass loggers around.
package loglevels

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Levels are the levels in force. They may change at any time; any goroutine may use them.
type Levels struct {
	now      atomic.Pointer[levels]
	packages sync.Map // package path by program counter
	root     string
}

type levels struct {
	all   slog.Level
	parts map[string]slog.Level
	least slog.Level
}

// New makes levels for the packages under a module's path: the part of MODULE/bus is bus. Until Set everything is
// slog.LevelInfo.
func New(module string) *Levels {
	l := &Levels{root: module + "/"}
	l.Set(slog.LevelInfo, nil)
	return l
}

// Set replaces the levels: all for everything, but for the packages in parts, such as session/guard, and those below
// them. The nearest counts.
func (l *Levels) Set(all slog.Level, parts map[string]slog.Level) {
	next := &levels{all: all, parts: parts, least: all}
	for _, level := range parts {
		next.least = min(next.least, level)
	}
	l.now.Store(next)
}

// Handler passes on to h what the levels let through. h must let everything through.
func (l *Levels) Handler(h slog.Handler) slog.Handler { return &handler{h, l} }

func (l *levels) of(part string) slog.Level {
	for part != "" {
		if level, ok := l.parts[part]; ok {
			return level
		}
		i := strings.LastIndexByte(part, '/')
		part = part[:max(i, 0)]
	}
	return l.all
}

// part is the package of a program counter, without the module; "" for one of others.
func (l *Levels) part(pc uintptr) string {
	if known, ok := l.packages.Load(pc); ok {
		return known.(string)
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	part := l.packageOf(frame.Function)
	l.packages.Store(pc, part)
	return part
}

// packageOf is the package of a function's name, such as countersign/session/guard.(*Guard).Run. The program itself,
// package main, is cmd.
func (l *Levels) packageOf(function string) string {
	if strings.HasPrefix(function, "main.") {
		return "cmd"
	}
	path, ok := strings.CutPrefix(function, l.root)
	if !ok {
		return ""
	}
	folder := strings.LastIndexByte(path, '/') + 1
	name, _, _ := strings.Cut(path[folder:], ".")
	return path[:folder] + name
}

type handler struct {
	slog.Handler
	levels *Levels
}

// Enabled implements slog.Handler. It lets through what any part may write: which one it is, Handle finds out.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.levels.now.Load().least
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	now := h.levels.now.Load()
	level := now.all
	if len(now.parts) > 0 {
		level = now.of(h.levels.part(r.PC))
	}
	if r.Level < level {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.levels}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.levels}
}
