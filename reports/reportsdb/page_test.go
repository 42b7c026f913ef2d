package reportsdb

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/programtest"
	"countersign/session/event"
	"countersign/session/event/eventtest"
)

func reportsPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/reports.md")
	require.NoError(t, err)
	return string(page)
}

func TestThePageAboutReportsHasEveryColumnOfEveryView(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	views := strings.Split(table(t, r, "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name"), "\n")
	require.Len(t, views, 19)
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
	for _, view := range views {
		_, section, found := strings.Cut(reportsPage(t), "\n## `"+view+"`\n")
		require.True(t, found, view)
		section, _, _ = strings.Cut(section, "\n## ")
		var columns []string
		for _, match := range row.FindAllStringSubmatch(section, -1) {
			columns = append(columns, match[1])
		}
		assert.Equal(t, strings.Split(table(t, r, "SELECT name FROM pragma_table_info(?)", view), "\n"), columns, view)
	}
}

func TestTheExamplesOnThePageAboutReportsWorkInTheShell(t *testing.T) {
	t.Parallel()
	shell := programtest.Find(t, "sqlite3")
	path := filepath.Join(t.TempDir(), "reports.db")
	r := openReports(t, path) // and stays open: analysts query while calls run
	month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var events []event.Event
	for call := range (eventtest.History{Seed: 4, Calls: 3000, From: month, To: month.AddDate(0, 1, 0)}).All() {
		events = append(events, call...)
		events = append(events, agentsOf(rand.New(rand.NewPCG(4, uint64(len(events)))), call[len(call)-1])...)
	}
	applyAll(t, r, events...)
	examples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(reportsPage(t), -1)
	require.GreaterOrEqual(t, len(examples), 10)
	for _, example := range examples {
		out, err := exec.CommandContext(deadline(t), shell, "-readonly", "-bail", "-header", path,
			example[1]).CombinedOutput()
		require.NoError(t, err, "%s%s", example[1], out)
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		require.Greater(t, len(lines), 1, "%sshows no row", example[1])
	}
	counted, err := exec.CommandContext(deadline(t), shell, "-readonly", path,
		"SELECT (SELECT sum(verified) FROM daily) = (SELECT count(*) FROM verified)").Output()
	require.NoError(t, err)
	assert.Equal(t, "1\n", string(counted))
}
