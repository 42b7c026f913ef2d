package customers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever is looked through, the same is found.
func TestFewRowsAndManyFindTheSameShared(t *testing.T) {
	t.Parallel()
	for _, few := range []int{1, 100} { // rows that count as few
		d := newDirectory(t, Options{Scheme: SchemeHMAC})
		fill(t, d, "id,phones,id:policy", "old-1,+12125550101,AB1", "old-2,+12125550102,CD2", "old-3,+12125550102,XX9", "old-4,,11")
		r, err := d.Import(deadline(t), csvOf("id,phones,id:policy",
			"new-1,+12125550101,AC1", "new-2,+12125550103,ZZ3", "new-3,+12125550103;+12125550104,YX3", "old-4,,"), ImportOptions{few: few})
		require.NoError(t, err)
		assert.Equal(t, []SharedPhone{
			{"+12125550101", []string{"new-1", "old-1"}}, {"+12125550103", []string{"new-2", "new-3"}},
		}, r.Shared, "few: %d", few)
		assert.Equal(t, SharedKeys{2, "policy", "221"}, r.SharedKeys, "few: %d", few)
	}
}

// A file of a hundred changes must not look at ten million customers, and keep the next writer waiting for it.
func TestAnImportOfFewRowsLooksThroughNoTable(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{Scheme: SchemeHMAC})
	for name, query := range map[string]func(few bool) string{"telephones": sharedPhones, "keys": sharedKeypad} {
		for _, few := range []bool{true, false} {
			rows, err := d.db.Read.QueryContext(deadline(t), "EXPLAIN QUERY PLAN "+query(few), 1, `["C-1"]`)
			require.NoError(t, err)
			scans := 0
			for rows.Next() {
				var id, parent, unused int
				var step string
				require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
				// Of what is found, and of the ids that are given, all is read.
				if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "json_each") && !strings.Contains(step, "(subquery") {
					scans++
				}
			}
			require.NoError(t, rows.Close())
			assert.Equal(t, few, scans == 0, "%s, few: %v, %d scans", name, few, scans)
		}
	}
}
