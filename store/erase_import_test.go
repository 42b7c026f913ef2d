package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnOldExportDoesNotBringAnErasedCustomerBack(t *testing.T) {
	t.Parallel()
	now := noon
	d := newDirectory(t, DirectoryOptions{Now: func() time.Time { return now }})
	nobody, err := d.Erased(deadline(t))
	require.NoError(t, err)
	assert.Nil(t, nobody, "nobody was erased yet")

	from := newJournal(t, JournalOptions{})
	journalled(t, from, aCall("a", "C-1001", noon), aCall("b", "C-1002", noon), aCall("after", "C-1001", noon.Add(time.Hour)))
	file := exported(t, from, ExportOptions{})
	now = noon.Add(time.Minute)
	_, _, err = d.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	erased, err := d.Erased(deadline(t))
	require.NoError(t, err)
	assert.True(t, erased("C-1001", noon))
	assert.False(t, erased("C-1001", noon.Add(time.Hour)), "a new customer with the same id")
	assert.False(t, erased("C-1002", noon))
	var stored string
	require.NoError(t, d.db.read.QueryRow("SELECT alias FROM erased").Scan(&stored))
	assert.NotContains(t, stored, "1001")

	_, err = from.Erase(deadline(t), "C-1001") // the same in the journal that had them, but for the call after
	require.NoError(t, err)
	lines := slices.Collect(strings.Lines(file))
	for name, text := range map[string]string{
		"in order":         file,
		"the other way":    strings.Join(reversed(lines), ""),
		"with more to say": strings.ReplaceAll(file, `"data":{`, `"data":{"colour":"green",`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := newJournal(t, JournalOptions{})
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
