package journal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
)

func TestAnOldExportDoesNotBringAnErasedCustomerBack(t *testing.T) {
	t.Parallel()
	from := newJournal(t, Options{})
	journalled(t, from, eventtest.Verified("a", "C-1001", eventtest.Noon),
		eventtest.Verified("b", "C-1002", eventtest.Noon),
		eventtest.Verified("after", "C-1001", eventtest.Noon.Add(time.Hour)))
	file := exported(t, from, ExportOptions{})
	erased := event.Erased(func(customer string, at time.Time) bool {
		return customer == "C-1001" && !at.After(eventtest.Noon.Add(time.Minute))
	})
	_, err := from.Erase(deadline(t), "C-1001") // the same in the journal that had them, except for the call after
	require.NoError(t, err)
	lines := slices.Collect(strings.Lines(file))
	for name, text := range map[string]string{
		"in order":         file,
		"the other way":    strings.Join(reversed(lines), ""),
		"with more to say": strings.ReplaceAll(file, `"data":{`, `"data":{"colour":"green",`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := newJournal(t, Options{})
			for i, want := range []Imported{{Events: 9, New: 9, Erased: 1}, {Events: 9}} {
				got, err := to.Import(deadline(t), strings.NewReader(text), erased, nil)
				require.NoError(t, err)
				assert.Equal(t, want, got, "time %d", i+1)
			}
			want, err := from.Call(deadline(t), "a")
			require.NoError(t, err)
			got, err := to.Call(deadline(t), "a")
			require.NoError(t, err)
			assert.Equal(t, want, got, "as the erasure leaves it")
			for call, customer := range map[string]string{"b": "C-1002", "after": "C-1001"} {
				assert.Contains(t, exported(t, to, ExportOptions{Calls: []string{call}}), `"customer":"`+customer+`"`)
				assert.Contains(t, exported(t, to, ExportOptions{Calls: []string{call}}), `"caller_last4":"1820"`)
			}
			assert.Len(t, callRows(t, to), 3)
			assert.Contains(t, callRows(t, to)[0], `"erased"`)
			assert.Equal(t, 3, strings.Count(exported(t, to, ExportOptions{Erased: true}), "\n"), "the call of nobody")
		})
	}
}

func reversed(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Reverse(lines)
	return lines
}
