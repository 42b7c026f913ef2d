package sessiontest

import (
	"context"
	"sync"

	"countersign/session"
	"countersign/session/event"
)

// Journal is a session.Journal in memory.
type Journal struct {
	// AppendError and SyncError make it fail.
	AppendError, SyncError error

	mu     sync.Mutex
	events []event.Event
	synced int
}

var _ session.Journal = (*Journal)(nil)

// Append implements session.Journal.
func (j *Journal) Append(events ...event.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.AppendError != nil {
		return j.AppendError
	}
	j.events = append(j.events, events...)
	return nil
}

// Sync implements session.Journal.
func (j *Journal) Sync(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.synced = len(j.events)
	return j.SyncError
}

// Synced are the events that were there when Sync was last called.
func (j *Journal) Synced() []event.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]event.Event(nil), j.events[:j.synced]...)
}

// Events are all events so far, in order.
func (j *Journal) Events() []event.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]event.Event(nil), j.events...)
}

// Find returns the data of every event of one kind, in order.
func Find[T event.Data](j *Journal) []T {
	var found []T
	for _, e := range j.Events() {
		if d, ok := e.Data.(T); ok {
			found = append(found, d)
		}
	}
	return found
}

// Prompts are session.Prompts whose every prompt exists but those that are Missing. A prompt's file is its name.
type Prompts struct{ Missing map[string]bool }

// File implements session.Prompts.
func (p Prompts) File(_, prompt string) (file string, found bool) {
	if p.Missing[prompt] {
		return "tone_stream://%(250,100,440)", false
	}
	return prompt, true
}

// Replaced implements session.Prompts: a line's own recording is its file, its own text "text:" and the text.
func (p Prompts) Replaced(_ string, r session.Replacement) (file string, found bool) {
	if r.File != "" {
		return r.File, !p.Missing[r.File]
	}
	return "text:" + r.Text, !p.Missing[r.Text]
}

// Speak implements session.Prompts: what is spoken is "speak:" and the text.
func (p Prompts) Speak(_ context.Context, _, text string) (file string, done func(), err error) {
	return "speak:" + text, func() {}, nil
}
