package bench

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"
)

// Report is a run with all that is needed to compare it with another.
type Report struct {
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	// Server is the address of a service that ran elsewhere; empty: it ran here, beside the callers.
	Server  string  `json:"server,omitempty"`
	Machine Machine `json:"machine"`
	// Settings are those that matter, by their path.
	Settings  map[string]string `json:"settings"`
	Line      string            `json:"line"`
	Customers int               `json:"customers"`
	Speed     float64           `json:"speed"`
	Limits    Limits            `json:"limits"`
	// ReactionMS and BehindS are the limits of time.
	ReactionMS float64 `json:"limit_reaction_ms"`
	BehindS    float64 `json:"limit_behind_s"`
	Result
}

//go:embed report.md.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"mul":     func(share float64) float64 { return 100 * share },
	"percent": func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
	"n":       number1,
	"sorted":  func(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) },
	"join":    func(s []string) string { return strings.Join(s, "; ") },
	"waiting": func(s Step) string { return waiting(s) },
}).Parse(reportText))

// number1 has one digit behind the point where it matters.
func number1(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// WriteMarkdown writes the report for people.
func (r *Report) WriteMarkdown(to io.Writer) error { return reportTemplate.Execute(to, r) }

// KilobytesACall is how far the service's memory grew, garbage included, for each call of the step with the most; 0 if it
// is not known.
func (r *Report) KilobytesACall() float64 {
	var most Step
	for _, s := range r.Steps {
		if s.Known && s.Running > most.Running {
			most = s
		}
	}
	if most.Running < 100 { // the program's own memory varies by more
		return 0
	}
	return max(0, most.Resident-r.IdleBytes) / 1024 / most.Running
}

// Failures are the reasons why callers were not verified, of all steps, most frequent first.
func (r *Report) Failures() []string {
	all := map[string]int{}
	for _, s := range r.Steps {
		for why, n := range s.Why {
			all[why] += n
		}
	}
	reasons := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return all[b] - all[a] })
	for i, why := range reasons {
		reasons[i] = fmt.Sprintf("%d × %s", all[why], why)
	}
	return reasons
}

// Verdict is the answer in one sentence.
func (r *Report) Verdict() string {
	if r.Held == nil {
		return "No rate that was tried held."
	}
	word := "takes"
	if r.Cut || r.Limit.Name == limitGenerator || r.Limit.Name == limitOthers {
		word = "takes at least"
	}
	return fmt.Sprintf("This machine %s %s calls a second: %d of %d callers verified, reaction p99 %s ms, %d calls at once.",
		word, number1(r.Rate), r.Held.Verified, r.Held.Calls, number1(r.Held.Reaction.P99), r.Held.AtOnce)
}

// Generator says whether the callers could measure this.
func (r *Report) Generator() string {
	s := r.Held
	if s == nil {
		if len(r.Steps) == 0 {
			return ""
		}
		s = &r.Steps[len(r.Steps)-1]
	}
	text := fmt.Sprintf("At this rate the callers were %s ms late at p99 and took %.0f %% of all cores.", number1(s.Lateness.P99),
		100*s.GeneratorShare)
	switch {
	case r.Limit.Name == limitGenerator:
		return text + " They are the limit, not the service: the result is a lower bound."
	case r.Server == "" && s.GeneratorShare > s.ServerShare/2:
		return text + " They share the machine with the service, which would take more without them."
	}
	return text + " They were not the limit."
}

// waiting is the row's memory.
func waiting(s Step) string {
	if !s.Known {
		return "–"
	}
	return fmt.Sprintf("%.0f MB", s.Resident/(1<<20))
}
