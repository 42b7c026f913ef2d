package reports

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"
)

// Assumptions are what a company knows and we do not, for the benefits. 0 is not known.
type Assumptions struct {
	// AgentCostPerMinute is what a minute of an agent costs, LineCostPerMinute what a minute of a call with us costs, in
	// Currency.
	AgentCostPerMinute float64 `yaml:"agent_cost_per_minute"`
	LineCostPerMinute  float64 `yaml:"line_cost_per_minute"`
	Currency           string  `yaml:"currency"`
	// AgentSeconds is how long an agent takes to identify and verify a caller. 0: as long as we do.
	AgentSeconds float64 `yaml:"agent_seconds"`
	// SelfService are the destinations that are no persons, as lines name them, such as "menu XML default".
	SelfService []string `yaml:"self_service"`
}

// Check returns what is wrong, in the words of the settings.
func (a Assumptions) Check() (errs []error) {
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"agent_cost_per_minute", a.AgentCostPerMinute}, {"line_cost_per_minute", a.LineCostPerMinute},
		{"agent_seconds", a.AgentSeconds},
	} {
		if x.value < 0 || math.IsInf(x.value, 0) || math.IsNaN(x.value) {
			errs = append(errs, fmt.Errorf("reports.benefits.%s is %v: it must be 0 or more", x.name, x.value))
		}
	}
	return errs
}

// BenefitsQuery says of which calls the benefits are.
type BenefitsQuery struct {
	Period Period
	Lines  []string
	// SelfService are the destinations that are no persons.
	SelfService []string
	// Split divides the calls into those before a time and those from it on; Version into those on versions of the line
	// below it and from it on. Zero: not divided.
	Split   time.Time
	Version int
	// Rounded gives no small count away, as in Query.
	Rounded bool
}

// Benefits are the figures of calls: one part, or two if they are divided.
type Benefits struct {
	Parts []BenefitsPart
	// Destinations are those that calls were handed on to, Versions the versions of the line, if it is only one.
	Destinations []Destination
	Versions     []Version
	SQL          string
	Counted      *time.Time
}

// Destination is where calls were handed on to.
type Destination struct {
	Name string
	// Calls is nil if it is left out (see Rounded).
	Calls any
}

// Version is a version of a line, and its first call in the period.
type Version struct {
	Number int
	First  time.Time
	Calls  any
}

// BenefitsPart are sums of calls that count. Counts are NaN if they are left out (see Rounded).
type BenefitsPart struct {
	// Name is "", "before" or "after".
	Name string
	// Contained calls were handed on to self-service, Abandoned ones ended before they were handed on, by the caller.
	Calls, Verified, Contained, Abandoned float64
	// VerifiedSeconds is the mean time of verified calls to their verdict, Seconds the mean time of all calls with us.
	VerifiedSeconds, Seconds float64
}

// Benefits adds the figures up, from the view calls.
func (r *Reader) Benefits(ctx context.Context, q BenefitsQuery) (b Benefits, err error) {
	if q.Rounded && !(q.Period.wholeDays() && (q.Split.IsZero() || Period{q.Split, q.Period.To}.wholeDays())) {
		return b, ErrNotRounded
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return b, fmt.Errorf("read the benefits: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var counted *int64
	if err := tx.QueryRowContext(ctx, "SELECT counted_until FROM counted").Scan(&counted); err != nil {
		return b, fmt.Errorf("read the benefits: %w", err)
	}
	if counted != nil {
		at := time.UnixMilli(*counted).In(q.Period.From.Location())
		b.Counted = &at
	}
	query, args := q.sums()
	b.SQL = literal(query, args) + ";"
	parts := map[int64]BenefitsPart{}
	err = each(ctx, tx, func(scan func(...any) error) error {
		var after, calls, verified, contained, abandoned, verifiedMS, ms int64
		err := scan(&after, &calls, &verified, &contained, &abandoned, &verifiedMS, &ms)
		parts[after] = benefitsOf(q.Rounded, calls, verified, contained, abandoned, verifiedMS, ms)
		return err
	}, query, args...)
	if err != nil {
		return b, err
	}
	b.Parts = q.named(parts)
	if b.Destinations, err = q.destinations(ctx, tx); err == nil && len(q.Lines) == 1 {
		b.Versions, err = q.versions(ctx, tx)
	}
	return b, err
}

// named puts the parts in order; one without calls is there, too.
func (q BenefitsQuery) named(parts map[int64]BenefitsPart) []BenefitsPart {
	if q.Split.IsZero() && q.Version == 0 {
		return []BenefitsPart{parts[0]}
	}
	before, after := parts[0], parts[1]
	before.Name, after.Name = "before", "after"
	return []BenefitsPart{before, after}
}

func (q BenefitsQuery) where() condition {
	w := where(q.Period.From.UnixMilli(), q.Period.To.UnixMilli(), q.Lines)
	w.and(own)
	return w
}

// sums is the statement that reads the sums of each part.
func (q BenefitsQuery) sums() (query string, args []any) {
	after := "0"
	switch {
	case q.Version > 0:
		after = fmt.Sprintf("c.line_version >= %d", q.Version)
	case !q.Split.IsZero():
		after = fmt.Sprintf("c.started >= %d", q.Split.UnixMilli())
	}
	contained := "0"
	if n := len(q.SelfService); n > 0 {
		contained = "coalesce(sum(c.\"end\" = 'routed' AND c.destination IN (?" + strings.Repeat(", ?", n-1) + ")), 0)"
		for _, d := range q.SelfService {
			args = append(args, d)
		}
	}
	w := q.where()
	return "SELECT " + after + " AS after, count(*) AS calls,\n  coalesce(sum(c.verdict = 'verified'), 0) AS verified,\n  " +
		contained + " AS contained,\n  coalesce(sum(c.\"end\" = 'abandoned'), 0) AS abandoned,\n" +
		"  coalesce(sum(iif(c.verdict = 'verified', c.decided - c.started, 0)), 0) AS verified_ms,\n" +
		"  coalesce(sum(c.ms), 0) AS ms\nFROM calls AS c\nWHERE " + w.text + "\nGROUP BY 1", append(args, w.args...)
}

func benefitsOf(round bool, calls, verified, contained, abandoned, verifiedMS, ms int64) BenefitsPart {
	count := func(n int64) float64 {
		if !round {
			return float64(n)
		}
		if shown, ok := Rounded(n).(int64); ok {
			return float64(shown)
		}
		return math.NaN()
	}
	mean := func(ms, n int64) float64 {
		if n == 0 {
			return math.NaN()
		}
		seconds := float64(ms) / 1000 / float64(n)
		if round {
			return math.Round(seconds)
		}
		return seconds
	}
	return BenefitsPart{
		Calls: count(calls), Verified: count(verified), Contained: count(contained), Abandoned: count(abandoned),
		VerifiedSeconds: mean(verifiedMS, verified) + 0*count(verified), Seconds: mean(ms, calls) + 0*count(calls),
	}
}

func (q BenefitsQuery) destinations(ctx context.Context, tx *sql.Tx) (all []Destination, err error) {
	w := q.where()
	err = each(ctx, tx, func(scan func(...any) error) error {
		var d Destination
		var n int64
		err := scan(&d.Name, &n)
		d.Calls = q.count(n)
		all = append(all, d)
		return err
	}, "SELECT c.destination, count(*) FROM calls AS c WHERE "+w.text+
		" AND c.destination <> '' AND c.\"end\" = 'routed' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50", w.args...)
	return all, err
}

func (q BenefitsQuery) versions(ctx context.Context, tx *sql.Tx) (all []Version, err error) {
	w := q.where()
	err = each(ctx, tx, func(scan func(...any) error) error {
		var v Version
		var first, n int64
		err := scan(&v.Number, &first, &n)
		v.First, v.Calls = time.UnixMilli(first).In(q.Period.From.Location()), q.count(n)
		all = append(all, v)
		return err
	}, "SELECT c.line_version, min(c.started), count(*) FROM calls AS c WHERE "+w.text+
		" GROUP BY 1 ORDER BY 1 DESC LIMIT 50", w.args...)
	return all, err
}

// count is a number of calls as it may be shown.
func (q BenefitsQuery) count(n int64) any {
	if q.Rounded {
		return Rounded(n)
	}
	return n
}

// Figures are computed from a part and the assumptions. Each is NaN if something that it needs is not known.
type Figures struct {
	VerifiedPercent, ContainedPercent, AbandonedPercent float64
	// TakenOffSeconds is the identification taken off agents: verified calls × PerCall seconds.
	PerCall, TakenOffSeconds float64
	// Saved is TakenOffSeconds at the cost of agents, Cost all time with us at the cost of the line, and Net the
	// difference. CostOfVerified is Cost for each verified call, CostOfAgent what an agent would have cost for each.
	Saved, Cost, Net, CostOfVerified, CostOfAgent float64
}

// Figures computes them: the formulas are in docs/reports.md#benefits.
func (p BenefitsPart) Figures(a Assumptions) (f Figures) {
	share := func(n float64) float64 { return 100 * n / p.Calls } // NaN of no calls
	f.VerifiedPercent, f.AbandonedPercent = share(p.Verified), share(p.Abandoned)
	if f.ContainedPercent = math.NaN(); len(a.SelfService) > 0 {
		f.ContainedPercent = share(p.Contained)
	}
	if f.PerCall = p.VerifiedSeconds; a.AgentSeconds > 0 {
		f.PerCall = a.AgentSeconds
	}
	if f.TakenOffSeconds = p.Verified * f.PerCall; p.Verified == 0 {
		f.TakenOffSeconds = 0
	}
	known := func(rate float64) float64 {
		if rate > 0 {
			return rate
		}
		return math.NaN()
	}
	agent, line := known(a.AgentCostPerMinute), known(a.LineCostPerMinute)
	f.Saved = f.TakenOffSeconds / 60 * agent
	f.CostOfAgent = f.PerCall / 60 * agent
	f.Cost = p.Calls * p.Seconds / 60 * line
	f.CostOfVerified = f.Cost / p.Verified
	f.Net = f.Saved - f.Cost
	return f
}
