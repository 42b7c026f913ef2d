package metrics

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const prometheusFolder = "../../scripts/prometheus"

var (
	ourMetric   = regexp.MustCompile(`countersign_[a-z_]+`)
	sectionOf   = regexp.MustCompile(`(?m)^## (Countersign\w+)\n((?:.+\n)+)`)
	ofHistogram = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// exist checks that the metrics of an expression are there.
func exist(t *testing.T, expression string) (found int) {
	t.Helper()
	known := metricNames(t)
	for _, name := range ourMetric.FindAllString(expression, -1) {
		if !slices.Contains(known, name) {
			name = ofHistogram.ReplaceAllString(name, "")
			assert.Contains(t, name, "_seconds", expression)
		}
		assert.Contains(t, known, name, expression)
		found++
	}
	return found
}

func TestEveryAlertMeasuresWhatIsThereAndHasItsSectionInTheRunbook(t *testing.T) {
	t.Parallel()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      struct{ Severity string }
				Annotations struct{ Summary, Runbook string }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(page(t, filepath.Join(prometheusFolder, "alerts.yml"))), &file))
	sections := map[string]string{}
	for _, m := range sectionOf.FindAllStringSubmatch(page(t, "../../docs/runbook.md"), -1) {
		sections[m[1]] = m[2]
	}
	tested := page(t, filepath.Join(prometheusFolder, "alerts_test.yml"))
	alerts := 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			alerts++
			if exist(t, r.Expr) == 0 {
				assert.Regexp(t, `\b(up|process_open_fds)\{job="countersign"\}`, r.Expr)
			}
			text := sections[r.Alert]
			require.NotEmpty(t, text, "docs/runbook.md has no section %s", r.Alert)
			delete(sections, r.Alert)
			assert.True(t, strings.HasPrefix(text, r.Labels.Severity+". "), "%s: the runbook says another severity", r.Alert)
			for _, part := range []string{"**Means:**", "**Callers:**", "**Do:**"} {
				assert.Contains(t, text, part, r.Alert)
			}
			assert.Equal(t, "docs/runbook.md#"+strings.ToLower(r.Alert), r.Annotations.Runbook)
			assert.NotEmpty(t, r.Annotations.Summary)
			assert.Contains(t, []string{"page", "ticket"}, r.Labels.Severity)
			for _, name := range ourMetric.FindAllString(r.Expr, -1) {
				assert.Contains(t, tested, name, "no test of %s", r.Alert)
			}
		}
	}
	assert.Greater(t, alerts, 15)
	assert.Empty(t, sections, "sections without an alert")
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		require.Empty(t, os.Getenv("CI"), "CI brings promtool: %v", err)
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	for _, args := range [][]string{{"check", "config", "prometheus.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = prometheusFolder
		said, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", said)
	}
}

func TestTheDashboardShowsWhatIsThere(t *testing.T) {
	t.Parallel()
	var board struct {
		Panels []struct {
			Title, Description, Type string
			GridPos                  struct{ X, Y, W, H int }
			Targets                  []struct{ Expr, LegendFormat string }
		}
	}
	text := page(t, filepath.Join(prometheusFolder, "dashboard.json"))
	require.NoError(t, json.Unmarshal([]byte(text), &board))
	for _, p := range board.Panels {
		assert.NotEmpty(t, p.Title)
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24)
		if p.Type == "row" {
			continue
		}
		assert.NotEmpty(t, p.Description, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			if exist(t, target.Expr) == 0 {
				assert.Regexp(t, `\b(go|process)_`, target.Expr)
			}
			assert.Contains(t, target.Expr, `instance=~"$instance"`, p.Title)
		}
	}
	for _, name := range metricNames(t) {
		assert.Contains(t, text, name, "no panel shows it")
	}
}
