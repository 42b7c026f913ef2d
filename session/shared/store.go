// Package shared defines the state that machines share: a key-value store with revisions. Package bus keeps it in NATS,
// Memory in one process.
package shared

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"
)

// Errors of a Store. Any other error means that it is unavailable.
var (
	// ErrNotFound: there is no such key.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the key exists already, or another writer changed it.
	ErrConflict = errors.New("another writer changed it")
)

// Special times for which a Store keeps a value.
const (
	// ByDefault: as long as the Store keeps values.
	ByDefault time.Duration = 0
	// Forever: until it is changed.
	Forever time.Duration = -1
)

// Store is the key-value store of all machines. Its methods are called from many goroutines at once and return within a
// quarter of a second, at once while it is unavailable. Keys consist of letters, digits, "-", "_" and dots between
// them.
type Store interface {
	// Get reads a value and its revision.
	Get(ctx context.Context, key string) (value []byte, revision uint64, err error)
	// Create writes a new key, or returns ErrConflict.
	Create(ctx context.Context, key string, value []byte, keep time.Duration) (revision uint64, err error)
	// Update writes a key whose revision is unchanged, or returns ErrConflict.
	Update(ctx context.Context, key string, value []byte, revision uint64, keep time.Duration) (uint64, error)
	// All reads every key that begins with prefix and a dot.
	All(ctx context.Context, prefix string) (map[string][]byte, error)
}

// Memory is a Store inside one process.
type Memory struct {
	mu       sync.Mutex
	revision uint64
	values   map[string]remembered
	sweepAt  int
}

type remembered struct {
	value    []byte
	revision uint64
	until    time.Time
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory { return &Memory{values: map[string]remembered{}, sweepAt: 1024} }

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.get(key)
	if !ok {
		return nil, 0, ErrNotFound
	}
	return bytes.Clone(r.value), r.revision, nil
}

// Create implements Store.
func (m *Memory) Create(ctx context.Context, key string, value []byte, keep time.Duration) (uint64, error) {
	return m.Update(ctx, key, value, 0, keep)
}

// Update implements Store.
func (m *Memory) Update(
	_ context.Context, key string, value []byte, revision uint64, keep time.Duration,
) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, _ := m.get(key); r.revision != revision {
		return 0, ErrConflict
	}
	if len(m.values) >= m.sweepAt {
		maps.DeleteFunc(m.values, func(_ string, r remembered) bool { return r.expired() })
		m.sweepAt = max(1024, 2*len(m.values))
	}
	m.revision++
	r := remembered{value: bytes.Clone(value), revision: m.revision}
	if keep > 0 {
		r.until = time.Now().Add(keep)
	}
	m.values[key] = r
	return m.revision, nil
}

// All implements Store.
func (m *Memory) All(_ context.Context, prefix string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string][]byte{}
	for key, r := range m.values {
		if strings.HasPrefix(key, prefix+".") && !r.expired() {
			all[key] = bytes.Clone(r.value)
		}
	}
	return all, nil
}

func (m *Memory) get(key string) (remembered, bool) {
	r, ok := m.values[key]
	if !ok || r.expired() {
		return remembered{}, false
	}
	return r, true
}

func (r remembered) expired() bool { return !r.until.IsZero() && time.Now().After(r.until) }
