package sessiontest

import (
	"context"
	"sync"

	"countersign/session"
	"countersign/session/event"
)

// Journal is a session.Journal in memory.
type Journal struct {
	// AppendError and SyncError are returned if set.
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

// Synced are the events appended before the last Sync.
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

// Prompts is a session.Prompts that has every prompt except Missing. A prompt's file is its name.
type Prompts struct{ Missing map[string]bool }

// File implements session.Prompts.
func (p Prompts) File(_, prompt string) (file string, found bool) {
	if p.Missing[prompt] {
		return "tone_stream://%(250,100,440)", false
	}
	return prompt, true
}

// Replaced implements session.Prompts: a recording is its file, a text is "text:" and the text.
func (p Prompts) Replaced(_ string, r session.Replacement) (file string, found bool) {
	if r.File != "" {
		return r.File, !p.Missing[r.File]
	}
	return "text:" + r.Text, !p.Missing[r.Text]
}

// Speak implements session.Prompts: the file is "speak:" and the text.
func (p Prompts) Speak(_ context.Context, _, text string) (file string, done func(), err error) {
	return "speak:" + text, func() {}, nil
}
