package callback

import (
	"strings"
	"sync"
)

// mirror is this machine's copy of the values below a prefix of the bucket, by what comes after it. Any goroutine may use
// it.
type mirror[T any] struct {
	prefix string

	mu       sync.RWMutex
	all      map[string]*entry[T] // never changed, but replaced
	fresh    map[string]*entry[T] // while all is read again
	caughtUp bool
}

type entry[T any] struct {
	value    T
	revision uint64
}

func newMirror[T any](prefix string) *mirror[T] {
	return &mirror[T]{prefix: prefix, all: map[string]*entry[T]{}}
}

// id is what comes after the prefix in a key of this mirror.
func (m *mirror[T]) id(key string) (id string, ok bool) { return strings.CutPrefix(key, m.prefix+".") }

// begin: all values follow anew. What is not among them before caughtUp is gone.
func (m *mirror[T]) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fresh = map[string]*entry[T]{}
}

func (m *mirror[T]) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fresh != nil {
		m.all, m.fresh = m.fresh, nil
	}
	m.caughtUp = true
}

// known says whether all values were read.
func (m *mirror[T]) known() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.caughtUp
}

// set takes a value, unless a later one is known, and says whether it did.
func (m *mirror[T]) set(id string, value T, revision uint64) (newer bool) {
	e := &entry[T]{value, revision}
	m.mu.Lock()
	defer m.mu.Unlock()
	if newer = e.laterThan(m.all[id]); newer {
		m.all[id] = e
	}
	if m.fresh != nil && e.laterThan(m.fresh[id]) {
		m.fresh[id] = e
	}
	return newer
}

func (e *entry[T]) laterThan(other *entry[T]) bool {
	return other == nil || other.revision < e.revision
}

func (m *mirror[T]) remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
	delete(m.fresh, id)
}

func (m *mirror[T]) get(id string) (value T, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e, ok := m.all[id]
	if ok {
		value = e.value
	}
	return value, ok
}

// selected are the values that pass, in no order. They are not to be changed.
func (m *mirror[T]) selected(pass func(*T) bool) (found []*T) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, e := range m.all {
		if pass(&e.value) {
			found = append(found, &e.value)
		}
	}
	return found
}
