package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const faultsPage = "../../docs/faults.md"

// faultsPageMu is held while the page is written.
var faultsPageMu sync.Mutex

// faultTable is a table of docs/faults.md.
type faultTable struct{ t *testing.T }

// row is a row of the table: what is so of the fault, and what was counted.
func (f fault) row() (is string) {
	return fmt.Sprintf("| `TestFaults/%s` | %s | %d s |", strings.ReplaceAll(f.name, " ", "_"), f.how,
		int(f.within/time.Second))
}

func (c faultCounts) cells() string {
	return fmt.Sprintf(" %d | %d | %d | %d | %d | %.1f s | %d | %d | %d | %d | %d | %d |", c.rounds, c.calls, c.verified,
		c.byDialplan, c.unserved, c.longest.Seconds(), c.late, c.unproven, c.events, c.lost, c.doubled, c.misreported)
}

// put writes what was counted of a fault.
func (table *faultTable) put(f fault, c faultCounts) { table.write(f.row(), c.cells()) }

// write replaces what follows the beginning of a row.
func (table *faultTable) write(begin, cells string) {
	faultsPageMu.Lock()
	defer faultsPageMu.Unlock()
	text, err := os.ReadFile(faultsPage)
	require.NoError(table.t, err)
	written := false
	var page strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, begin) {
			line, written = begin+cells+"\n", true
		}
		page.WriteString(line)
	}
	require.True(table.t, written, "docs/faults.md has no row that begins with %s", begin)
	require.NoError(table.t, os.WriteFile(faultsPage, []byte(page.String()), 0o600))
}

func TestEveryFaultIsCountedInTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(faultsPage)
	require.NoError(t, err)
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); strings.HasPrefix(line, "| `TestFaults/") {
			rows[strings.Join(cells[:3], " | ")+" |"] = cells[3:]
		}
	}
	for _, f := range ladder() {
		counts := rows[f.row()]
		if assert.Len(t, counts, 12, "no row that begins with %s", f.row()) {
			assert.NotEqual(t, "0", counts[0], "%s was never counted", f.name)
			for _, i := range []int{6, 7, 9, 10, 11} {
				assert.Equal(t, "0", strings.TrimSuffix(counts[i], " |"), f.name)
			}
		}
		delete(rows, f.row())
	}
	assert.Empty(t, rows, "rows of no fault")
}
