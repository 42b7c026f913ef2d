package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

const (
	linesKept = 64        // versions of a service line
	lineMost  = 512 << 10 // bytes of one version
)

// ErrNotAnnounced means that a service line was changed but the event config_changed could not be published.
var ErrNotAnnounced = errors.New("the change is in force, but the event config_changed could not be published")

var linePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Change says who changes a service line, and how.
type Change struct {
	Author, Comment string
	// ExpectedVersion is the version that the change was made from; 0 means that the line must not exist.
	ExpectedVersion int
	// RolledBackTo is the version that the new one repeats, or 0.
	RolledBackTo int
	// Summary has one entry for each difference.
	Summary []string
	// Staged begins the version with a share of the calls; its First and Since are filled in if they are zero.
	Staged *shared.Staged
}

// ConflictError means that somebody else changed the line first. Nothing was written.
type ConflictError struct {
	Name string
	// Expected is the version that the change was made from, Have the line as it is now; its version is 0 if there is
	// none.
	Expected int
	Have     shared.LineVersion
}

func (e *ConflictError) Error() string {
	switch {
	case e.Have.Version == 0 || e.Have.Removed:
		return fmt.Sprintf("line %s does not exist (any more), and the change was made from version %d; "+
			"apply it as a new line, or leave it removed", e.Name, e.Expected)
	case e.Expected == 0:
		return fmt.Sprintf("line %s exists already: version %d by %s of %s; look at it and change that version",
			e.Name, e.Have.Version, e.Have.Author, e.Have.At.Format(time.RFC3339))
	default:
		return fmt.Sprintf("line %s was changed by %s on %s: it is at version %d, and the change was made from version %d; "+
			"look at the difference and try again",
			e.Name, e.Have.Author, e.Have.At.Format(time.RFC3339), e.Have.Version, e.Expected)
	}
}

// Lines keeps the service lines and their history in NATS. It does not look into them.
type Lines struct {
	bucket *Bucket
	state  *State
	now    func() time.Time
}

// All reads all lines, sorted by name, without removed ones.
func (l *Lines) All(ctx context.Context) ([]shared.LineVersion, error) {
	values, err := l.bucket.All(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("read the lines: %w", err)
	}
	var all []shared.LineVersion
	for name, value := range values {
		if !linePattern.MatchString(name) {
			continue // not a line
		}
		s, err := storedFrom(name, value)
		if err != nil {
			return nil, err
		}
		if !s.Removed {
			all = append(all, s)
		}
	}
	sortByName(all)
	return all, nil
}

func sortByName(s []shared.LineVersion) {
	slices.SortFunc(s, func(a, b shared.LineVersion) int { return cmp.Compare(a.Name, b.Name) })
}

// Get reads the current version of a line, or returns shared.ErrNotFound.
func (l *Lines) Get(ctx context.Context, name string) (shared.LineVersion, error) {
	if err := checkLine(name); err != nil {
		return shared.LineVersion{}, err
	}
	value, _, err := l.bucket.Get(ctx, name)
	if err != nil {
		return shared.LineVersion{}, fmt.Errorf("read line %s: %w", name, err)
	}
	s, err := storedFrom(name, value)
	if err != nil {
		return shared.LineVersion{}, err
	}
	if s.Removed {
		return shared.LineVersion{}, fmt.Errorf("read line %s: it was removed: %w", name, shared.ErrNotFound)
	}
	return s, nil
}

// History reads the last versions of a line, up to 64, newest first, removals included; or returns shared.ErrNotFound.
func (l *Lines) History(ctx context.Context, name string) ([]shared.LineVersion, error) {
	if err := checkLine(name); err != nil {
		return nil, err
	}
	ctx, cancel := l.bucket.state.alive.within(ctx, l.bucket.within)
	defer cancel()
	entries, err := l.bucket.history(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read the history of line %s: %w", name, err)
	}
	var versions []shared.LineVersion
	for _, e := range slices.Backward(entries) {
		if e.deleted {
			continue // deleted with the nats tool
		}
		s, err := storedFrom(name, e.value)
		if err != nil {
			return nil, err
		}
		versions = append(versions, s)
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("read the history of line %s: %w", name, shared.ErrNotFound)
	}
	return versions, nil
}

// Put writes the next version of a line. *ConflictError means that somebody else was faster. With ErrNotAnnounced the
// version is written.
func (l *Lines) Put(ctx context.Context, name, yaml string, c Change) (shared.LineVersion, error) {
	if len(yaml) > lineMost {
		return shared.LineVersion{}, fmt.Errorf("line %s has %d bytes; the most is %d", name, len(yaml), lineMost)
	}
	return l.change(ctx, name, c, shared.LineVersion{YAML: yaml, RolledBackTo: c.RolledBackTo})
}

// Remove removes a line, with the same errors as Put. Its history stays.
func (l *Lines) Remove(ctx context.Context, name string, c Change) (shared.LineVersion, error) {
	if c.ExpectedVersion < 1 {
		return shared.LineVersion{}, fmt.Errorf("remove line %s: the version to remove is missing", name)
	}
	return l.change(ctx, name, c, shared.LineVersion{Removed: true})
}

// PutBack writes a version that NATS has lost: the line is missing, older or damaged there. It returns false if NATS
// has this version or a later one, or if somebody deleted the line's key. It publishes no event.
func (l *Lines) PutBack(ctx context.Context, v shared.LineVersion) (done bool, err error) {
	if err := checkLine(v.Name); err != nil {
		return false, err
	}
	value, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("put back line %s: %w", v.Name, err)
	}
	reading, cancel := l.bucket.state.alive.within(ctx, l.bucket.within)
	defer cancel()
	e, err := l.bucket.last(reading, v.Name)
	switch {
	case errors.Is(err, shared.ErrNotFound):
	case err != nil:
		return false, fmt.Errorf("put back line %s: %w", v.Name, err)
	case e.deleted:
		return false, nil
	default:
		if have, err := storedFrom(v.Name, e.value); err == nil && !have.OlderThan(v) {
			return false, nil
		}
	}
	_, err = l.bucket.Update(ctx, v.Name, value, e.revision, shared.ByDefault)
	if errors.Is(err, shared.ErrConflict) {
		return false, nil // another machine was faster
	}
	if err != nil {
		return false, fmt.Errorf("put back line %s: %w", v.Name, err)
	}
	return true, nil
}

func (l *Lines) change(ctx context.Context, name string, c Change,
	next shared.LineVersion) (shared.LineVersion, error) {
	if err := checkLine(name); err != nil {
		return shared.LineVersion{}, err
	}
	if c.ExpectedVersion < 0 {
		return shared.LineVersion{}, fmt.Errorf("change line %s: the version that the change was made from is missing", name)
	}
	have, last, revision, err := l.present(ctx, name)
	if err != nil {
		return shared.LineVersion{}, err
	}
	if have.Version != c.ExpectedVersion {
		return shared.LineVersion{}, &ConflictError{Name: name, Expected: c.ExpectedVersion, Have: have}
	}
	next.Name, next.Version, next.At = name, last+1, l.now().UTC()
	next.Author, next.Comment, next.Summary = c.Author, c.Comment, c.Summary
	if c.Staged != nil {
		s := *c.Staged
		s.First = cmp.Or(s.First, next.Version)
		if s.Since.IsZero() {
			s.Since = next.At
		}
		next.Staged = &s
	}
	value, err := json.Marshal(next)
	if err != nil {
		return shared.LineVersion{}, fmt.Errorf("write line %s: %w", name, err)
	}
	_, err = l.bucket.Update(ctx, name, value, revision, shared.ByDefault)
	if errors.Is(err, shared.ErrConflict) {
		if have, _, _, err = l.present(ctx, name); err == nil {
			return shared.LineVersion{}, &ConflictError{Name: name, Expected: c.ExpectedVersion, Have: have}
		}
	}
	if err != nil {
		return shared.LineVersion{}, fmt.Errorf("write line %s: %w", name, err)
	}
	if err := l.announce(ctx, next); err != nil {
		return next, fmt.Errorf("line %s, version %d: %w: %w", name, next.Version, ErrNotAnnounced, err)
	}
	return next, nil
}

// present reads the current version of a line, zero if it does not exist; the number of its last version ever; and
// the revision that a change must replace.
func (l *Lines) present(ctx context.Context, name string) (have shared.LineVersion, last int, revision uint64,
	err error) {
	ctx, cancel := l.bucket.state.alive.within(ctx, l.bucket.within)
	defer cancel()
	e, err := l.bucket.last(ctx, name)
	if errors.Is(err, shared.ErrNotFound) {
		return shared.LineVersion{}, 0, 0, nil
	}
	if err != nil {
		return shared.LineVersion{}, 0, 0, fmt.Errorf("read line %s: %w", name, err)
	}
	if e.deleted {
		versions, err := l.History(ctx, name)
		if err != nil && !errors.Is(err, shared.ErrNotFound) {
			return shared.LineVersion{}, 0, 0, err
		}
		if len(versions) > 0 {
			last = versions[0].Version
		}
		return shared.LineVersion{}, last, e.revision, nil
	}
	if have, err = storedFrom(name, e.value); err != nil {
		return shared.LineVersion{}, 0, 0, err
	}
	last = have.Version
	if have.Removed {
		have = shared.LineVersion{}
	}
	return have, last, e.revision, nil
}

func (l *Lines) announce(ctx context.Context, s shared.LineVersion) error {
	about := "line-" + s.Name
	summary := s.Summary
	if summary == nil {
		summary = []string{}
	}
	percent := 0
	if s.Staged != nil {
		percent = s.Staged.Percent
	}
	return l.state.Publish(ctx, event.Event{
		ID: event.ID(about, s.Version), Source: "/countersign/" + l.state.options.Node, Time: s.At,
		Call: about, Seq: s.Version, Line: s.Name, LineVersion: s.Version,
		Data: event.ConfigChanged{
			Author: s.Author, Comment: s.Comment, Summary: summary, RolledBackTo: s.RolledBackTo, Removed: s.Removed,
			Percent: percent,
		},
	})
}

func checkLine(name string) error {
	if !linePattern.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a line; "+
			"use up to 63 small letters, digits, - and _, beginning with a letter or digit", name)
	}
	return nil
}

func storedFrom(name string, value []byte) (shared.LineVersion, error) {
	var s shared.LineVersion
	if err := json.Unmarshal(value, &s); err != nil || s.Version < 1 {
		return shared.LineVersion{}, fmt.Errorf("line %s in NATS is damaged: %w; restore an earlier version with `nats kv`",
			name, cmp.Or(err, errNoVersion))
	}
	s.Name = name
	return s, nil
}

var errNoVersion = errors.New("it has no version")
