// Package draft keeps drafts of service lines, one for each line, on the state that machines share: what people have
// changed and not published. It answers "what is the draft, and who saved it last?", and publishes nothing.
package draft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/lines"
	"countersign/session/shared"
)

// Draft is a line's file as people are changing it.
type Draft struct {
	Line string `json:"line"`
	// Base is the version that it was made from; 0 for a new line.
	Base int    `json:"base"`
	Text string `json:"text"`
	// Author saved it last, At.
	Author string    `json:"author"`
	At     time.Time `json:"at"`
	// Authors are all who have saved it.
	Authors []string `json:"authors,omitempty"`
	// Revision is what Save needs to replace it; 0 before the first.
	Revision uint64 `json:"-"`
}

// ErrNone: the line has no draft.
var ErrNone = errors.New("there is no draft of this line")

// ConflictError means that somebody else saved the draft first, or discarded it. Nothing was written.
type ConflictError struct {
	// Have is the draft as it is now; without text if there is none any more.
	Have Draft
}

func (e *ConflictError) Error() string {
	if e.Have.Text == "" {
		return "the draft was published or discarded meanwhile"
	}
	return fmt.Sprintf("%s saved the draft at %s", e.Have.Author, e.Have.At.Format(time.RFC3339))
}

// Book keeps the drafts. Any goroutine may use it.
type Book struct {
	store shared.Store
	now   func() time.Time
}

// NewBook keeps drafts in store. now is the clock.
func NewBook(store shared.Store, now func() time.Time) *Book { return &Book{store: store, now: now} }

const prefix = "draft"

func keyOf(line string) string { return prefix + "." + line }

// Get reads the draft of a line, or returns ErrNone.
func (b *Book) Get(ctx context.Context, line string) (Draft, error) {
	value, revision, err := b.store.Get(ctx, keyOf(line))
	if errors.Is(err, shared.ErrNotFound) {
		return Draft{Line: line}, ErrNone
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read the draft of line %s: %w", line, err)
	}
	d := Draft{Line: line, Revision: revision}
	if err := json.Unmarshal(value, &d); err != nil {
		return Draft{}, fmt.Errorf("read the draft of line %s: %w", line, err)
	}
	if d.Text == "" { // discarded
		return d, ErrNone
	}
	return d, nil
}

// All reads all drafts, by line.
func (b *Book) All(ctx context.Context) (map[string]Draft, error) {
	values, err := b.store.All(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("list the drafts: %w", err)
	}
	all := map[string]Draft{}
	for key, value := range values {
		var d Draft
		if json.Unmarshal(value, &d) == nil && d.Text != "" {
			all[strings.TrimPrefix(key, prefix+".")] = d
		}
	}
	return all, nil
}

// Save replaces the draft that has d's revision, or returns *ConflictError.
func (b *Book) Save(ctx context.Context, d Draft) (Draft, error) {
	if len(d.Text) > lines.MaxSize {
		return Draft{}, fmt.Errorf("the draft has %d KB: a line's file has at most %d KB", len(d.Text)>>10, lines.MaxSize>>10)
	}
	d.At, d.Authors = b.now().UTC().Truncate(time.Second), []string{d.Author}
	if d.Revision != 0 {
		have, err := b.Get(ctx, d.Line)
		switch {
		case err != nil && !errors.Is(err, ErrNone):
			return Draft{}, err
		case have.Revision != d.Revision:
			return Draft{}, &ConflictError{Have: have}
		case err == nil && have.Text == d.Text && have.Base == d.Base:
			return have, nil // who only looks at it is no author
		case err == nil && !slices.Contains(have.Authors, d.Author):
			d.Authors = append(have.Authors, d.Author)
		case err == nil:
			d.Authors = have.Authors
		}
	}
	value, err := json.Marshal(d)
	if err != nil {
		return Draft{}, err
	}
	return b.write(ctx, d, value)
}

// Discard takes the draft that has d's revision away, or returns *ConflictError.
func (b *Book) Discard(ctx context.Context, d Draft) error {
	if d.Revision == 0 {
		return nil
	}
	gone, err := json.Marshal(Draft{Line: d.Line}) // an empty value would look as if there were no key
	if err != nil {
		return err
	}
	_, err = b.write(ctx, d, gone)
	return err
}

func (b *Book) write(ctx context.Context, d Draft, value []byte) (Draft, error) {
	key := keyOf(d.Line)
	var err error
	before := d.Revision
	if before == 0 {
		d.Revision, err = b.store.Create(ctx, key, value, shared.Forever)
	} else {
		d.Revision, err = b.store.Update(ctx, key, value, before, shared.Forever)
	}
	if !errors.Is(err, shared.ErrConflict) {
		if err != nil {
			return Draft{}, fmt.Errorf("save the draft of line %s: %w", d.Line, err)
		}
		return d, nil
	}
	have, err := b.Get(ctx, d.Line)
	if errors.Is(err, ErrNone) && before == 0 && have.Revision != 0 { // an earlier draft was discarded
		d.Revision = have.Revision
		return b.write(ctx, d, value)
	}
	if err != nil && !errors.Is(err, ErrNone) {
		return Draft{}, err
	}
	return Draft{}, &ConflictError{Have: have}
}
