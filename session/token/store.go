package token

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Store keeps what tokens stand for, for all machines together: a relay.Bucket. What it keeps it may forget after keep, and later than that is harmless. Its
// methods are called from many goroutines. Options say which errors mean that a key is not there, or was changed by somebody else.
type Store interface {
	// Create makes a key that does not exist, or fails with Conflict.
	Create(ctx context.Context, key string, value []byte, keep time.Duration) (revision uint64, err error)
	// Get fails with NotFound if there is no such key. It may be a moment behind: Update decides.
	Get(ctx context.Context, key string) (value []byte, revision uint64, err error)
	// Update changes a key whose revision is still the one given, or fails with Conflict.
	Update(ctx context.Context, key string, value []byte, revision uint64, keep time.Duration) (newRevision uint64, err error)
}

var (
	// ErrNotFound is the Memory's word for a key that is not there.
	ErrNotFound = errors.New("there is no such key")
	// ErrConflict is the Memory's word for a key that exists already, or was changed since.
	ErrConflict = errors.New("somebody else has changed it")
)

// Memory is a Store in this process, which forgets nothing until it ends. For tests, and for a Countersign that is alone.
type Memory struct {
	mu       sync.Mutex
	revision uint64
	entries  map[string]entry
}

type entry struct {
	value    []byte
	revision uint64
}

// Create implements Store.
func (m *Memory) Create(_ context.Context, key string, value []byte, _ time.Duration) (uint64, error) {
	return m.put(key, value, 0)
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok {
		return nil, 0, ErrNotFound
	}
	return bytes.Clone(e.value), e.revision, nil
}

// Update implements Store.
func (m *Memory) Update(_ context.Context, key string, value []byte, revision uint64, _ time.Duration) (uint64, error) {
	return m.put(key, value, revision)
}

func (m *Memory) put(key string, value []byte, revision uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries[key].revision != revision {
		return 0, ErrConflict
	}
	if m.entries == nil {
		m.entries = map[string]entry{}
	}
	m.revision++
	m.entries[key] = entry{value: bytes.Clone(value), revision: m.revision}
	return m.revision, nil
}
