package live

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/shared"
)

func at(v shared.LineVersion, minute int) shared.LineVersion {
	v.At = time.Date(2026, 11, 29, 12, minute, 0, 0, time.UTC)
	return v
}

func other(v shared.LineVersion) shared.LineVersion {
	v.Name = "other"
	v.YAML = "format: 1\nline: other\nnumbers: [\"5301\"]\nidentify: [{ani: {}}]\n" +
		"routes: {verified: a XML b, identified: a XML b, unidentified: a XML b}\n"
	return v
}

func removal(version, minute int) shared.LineVersion {
	return at(shared.LineVersion{Name: "office", Version: version, Removed: true}, minute)
}

// Only what the store says can end a line; what it does not say any more cannot.
func TestWhatTheStoreHasLostStaysAndIsPutBack(t *testing.T) {
	t.Parallel()
	v := func(version, minute int) shared.LineVersion { return at(office(t, version), minute) }
	for name, c := range map[string]struct {
		before, after []shared.LineVersion
		inForce       int // version of office afterwards; 0: none
		back          []shared.LineVersion
	}{
		"the store comes back empty": {
			before: []shared.LineVersion{v(3, 3)}, inForce: 3, back: []shared.LineVersion{v(3, 3)},
		},
		"one line of two is missing": {
			before: []shared.LineVersion{v(3, 3), other(v(1, 1))}, after: []shared.LineVersion{other(v(1, 1))},
			inForce: 3, back: []shared.LineVersion{v(3, 3)},
		},
		"the store is a backup with an older version": {
			before: []shared.LineVersion{v(3, 3)}, after: []shared.LineVersion{v(2, 2)},
			inForce: 3, back: []shared.LineVersion{v(3, 3)},
		},
		"the older version was written by a clock that is ahead": {
			before: []shared.LineVersion{v(3, 3)}, after: []shared.LineVersion{v(2, 59)},
			inForce: 3, back: []shared.LineVersion{v(3, 3)},
		},
		"another line has the number of the version in force, and is older": {
			before: []shared.LineVersion{v(3, 3)}, after: []shared.LineVersion{v(3, 2)},
			inForce: 3, back: []shared.LineVersion{v(3, 3)},
		},
		"a removed line comes back with a backup": {
			before: []shared.LineVersion{removal(4, 4)}, after: []shared.LineVersion{v(3, 3)},
			inForce: 0, back: []shared.LineVersion{removal(4, 4)},
		},
		"a line that was removed is missing altogether": {
			before: []shared.LineVersion{removal(4, 4)}, inForce: 0,
		},
		"a line is removed": {
			before: []shared.LineVersion{v(3, 3)}, after: []shared.LineVersion{removal(4, 4)}, inForce: 0,
		},
		"a line's key is deleted in the store itself": {
			before: []shared.LineVersion{v(3, 3)}, after: []shared.LineVersion{{Name: "office", Removed: true}}, inForce: 0,
		},
		"a removed line is applied again": {
			before: []shared.LineVersion{removal(4, 4)}, after: []shared.LineVersion{v(5, 5)}, inForce: 5,
		},
	} {
		for _, restarted := range []bool{false, true} {
			file := path(t)
			b := newBench(t, file)
			b.change(c.before...)
			if restarted {
				b.stop()
				b = newBench(t, file)
			}
			b.change(c.after...)
			assert.Equal(t, c.inForce, b.Version("office"), "%s, restarted: %t", name, restarted)
			for _, want := range c.back {
				assert.Equal(t, []string{"office"}, b.Lost(), name)
				assert.Equal(t, want, <-b.store.back, name)
			}
			b.change(append(c.after, c.back...)...)
			if len(c.back) == 0 {
				assert.Empty(t, b.Lost(), name)
				assert.Empty(t, b.store.back, name)
			}
			b.stop()
		}
	}
}

func TestLinesThatCannotBePutBackYetStayInForceAndAreTriedAgain(t *testing.T) {
	t.Parallel()
	file := path(t)
	b := newBench(t, file)
	var told []string
	b.o.WasPutBack = func(_ context.Context, v shared.LineVersion) { told = append(told, v.Name) }
	b.store.refuses.Store(true)
	b.change(office(t, 7))
	b.change()
	assert.Equal(t, 7, b.Version("office"))
	assert.Equal(t, []string{"office"}, b.Lost())
	kept, err := ReadCopy(file)
	require.NoError(t, err)
	assert.Equal(t, []shared.LineVersion{office(t, 7)}, kept, "a restart has it, too")
	require.Eventually(t, func() bool { return b.store.refused.Load() > 3 }, time.Minute, time.Millisecond)
	b.store.refuses.Store(false)
	assert.Equal(t, office(t, 7), <-b.store.back)
	b.change(office(t, 7))
	assert.Empty(t, b.Lost())
	b.stop()
	assert.Contains(t, told, "office")
	assert.Contains(t, b.log.String(), "cannot be put back")
	assert.Contains(t, b.log.String(), "was put back")
}
