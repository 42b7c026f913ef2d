package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"

	"countersign/bus"
	"countersign/lines"
	"countersign/prompts"
	"countersign/session"
)

// linesInForce keeps the Book as the lines are in NATS. Calls never wait for it: until NATS answers, the lines that were last in force are.
type linesInForce struct {
	book      *lines.Book
	parts     lines.Parts
	catalogue *prompts.Catalogue
	path      string // of the last lines in force
	log       *slog.Logger

	current map[string]inForce  // by line, what compiled last
	texts   chan []prompts.Text // to be spoken, the newest set only
	first   chan struct{}       // closed when NATS has told what lines there are
	once    sync.Once
}

// inForce is a line as calls meet it, and what it was made of.
type inForce struct {
	lines.Entry
	def    *lines.Definition
	stored bus.Stored
}

func newLinesInForce(cfg config, parts lines.Parts, catalogue *prompts.Catalogue, log *slog.Logger) (*linesInForce, error) {
	def, _ := lines.Default()
	builtIn, err := lines.Compile(def, 0, parts) // versions of stored lines begin with 1
	if err != nil {
		return nil, err
	}
	l := &linesInForce{
		book: lines.NewBook(builtIn), parts: parts, catalogue: catalogue, path: cfg.linesPath(), log: log, current: map[string]inForce{},
		texts: make(chan []prompts.Text, 1), first: make(chan struct{}),
	}
	return l, l.load()
}

// load puts the lines in force that were when this machine last heard of NATS.
func (l *linesInForce) load() error {
	text, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the lines that were last in force: %w", err)
	}
	byName := map[string]bus.Stored{}
	if err := json.Unmarshal(text, &byName); err != nil {
		l.log.Warn("the copy of the lines is damaged, the built-in line answers until NATS is there", "file", l.path, "err", err)
		return nil
	}
	var stored []bus.Stored
	for name, s := range byName {
		s.Name = name
		stored = append(stored, s)
	}
	l.put(stored)
	return nil
}

// watch follows NATS until ctx ends.
func (l *linesInForce) watch(ctx context.Context, from *bus.Lines) {
	from.Watch(ctx, func(stored []bus.Stored) {
		l.put(stored)
		l.keep()
		l.once.Do(func() { close(l.first) })
	})
}

// await returns when NATS has told what lines there are, or with the context's error.
func (l *linesInForce) await(ctx context.Context) error {
	select {
	case <-l.first:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// put compiles lines and puts them in force, all at once. A line that does not compile here stays as it was.
func (l *linesInForce) put(stored []bus.Stored) {
	next := map[string]inForce{}
	var entries []lines.Entry
	var all []*lines.Definition
	var texts []prompts.Text
	for _, s := range stored {
		have, known := l.current[s.Name]
		if !known || have.stored.Version != s.Version {
			line, said, err := l.compile(s)
			switch {
			case err == nil:
				l.log.Info("line in force", "line", s.Name, "version", s.Version, "author", s.Author)
				have, texts = line, append(texts, said...)
			case known:
				l.log.Error("line is not put in force, calls meet the version before it", "line", s.Name, "version", s.Version, "in_force", have.stored.Version, "err", err)
			default:
				l.log.Error("line is not put in force, its numbers go to the line for all others", "line", s.Name, "version", s.Version, "err", err)
				continue
			}
		}
		next[s.Name] = have
		entries = append(entries, have.Entry)
		all = append(all, have.def)
	}
	for name := range l.current {
		if _, still := next[name]; !still {
			l.log.Info("line removed", "line", name)
		}
	}
	// Two changes at the same moment can each be right and not go together.
	if p := lines.Conflicts(all, l.parts.Region); len(p) > 0 {
		l.log.Warn("lines claim the same number, the one whose name sorts first has it", "err", p)
	}
	l.current = next
	l.book.Set(entries)
	l.speak(texts)
}

func (l *linesInForce) compile(s bus.Stored) (made inForce, texts []prompts.Text, err error) {
	def, err := lines.Parse(s.Name, []byte(s.YAML))
	if err != nil {
		return made, nil, err
	}
	line, err := lines.Compile(def, s.Version, l.parts)
	if err != nil {
		return made, nil, err
	}
	if _, none := l.parts.Sender.(noGateway); none && strings.Contains(s.YAML, "sms_code") {
		l.log.Warn("line sends codes, but no gateway for text messages is configured: its callers go to an agent", "line", s.Name, "do", "set sms.url")
	}
	for language, replaced := range line.Replaced {
		for _, r := range replaced {
			if r.Text != "" {
				texts = append(texts, prompts.Text{Language: language, Text: r.Text})
			}
		}
	}
	return inForce{Entry: lines.Entry{Line: line, Numbers: def.Numbers}, def: def, stored: s}, texts, nil
}

// keep writes what is in force, for a start without NATS.
func (l *linesInForce) keep() {
	byName := map[string]bus.Stored{}
	for name, line := range l.current {
		byName[name] = line.stored
	}
	text, err := json.Marshal(byName)
	if err == nil {
		err = writeAtomically(l.path, text)
	}
	if err != nil {
		l.log.Warn("no copy of the lines could be kept for a start without NATS", "err", err)
	}
}

func writeAtomically(path string, content []byte) error {
	draft := path + ".new"
	if err := os.WriteFile(draft, content, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// speak leaves texts for render, in place of what it has not begun with.
func (l *linesInForce) speak(texts []prompts.Text) {
	if len(texts) == 0 {
		return
	}
	select {
	case waiting := <-l.texts:
		texts = append(waiting, texts...)
	default:
	}
	l.texts <- texts
}

// render gives the lines' own texts a voice, until ctx ends. Until then callers hear the catalogue's.
func (l *linesInForce) render(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case texts := <-l.texts:
			if err := l.catalogue.RenderTexts(ctx, texts); err != nil && ctx.Err() == nil {
				l.log.Warn("a line's own words have no audio, callers hear the usual ones", "err", err)
			}
		}
	}
}

// pick is the line of a call.
func (l *linesInForce) pick(call session.Call) *session.Line { return l.book.Pick(call) }
