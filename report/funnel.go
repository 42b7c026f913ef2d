package report

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"time"
)

// asked is what came of a step, or of one attempt at it.
type asked struct {
	line, step                                                                                   string
	attempt                                                                                      int64 // 0: the step as a whole
	position                                                                                     float64
	times, accepted, rejected, noInput, noMatch, optedOut, abandoned, errors, served, passed, ms int64
}

// makeFunnel tells for each question, and for each attempt at it, how often it was asked, what came of it and what it cost.
func makeFunnel(ctx context.Context, tx *sql.Tx, q Query, _ time.Time) (*Report, error) {
	w := where(q.Period.From.UnixMilli(), q.Period.To.UnixMilli(), q.Lines)
	var all []asked
	err := each(ctx, tx, func(scan func(...any) error) error {
		var a asked
		err := scan(&a.line, &a.step, &a.attempt, &a.position, &a.times, &a.accepted, &a.rejected, &a.noInput, &a.noMatch, &a.optedOut, &a.abandoned, &a.errors, &a.served,
			&a.passed, &a.ms)
		all = append(all, a)
		return err
	}, `
		SELECT s.line, s.step, 0, avg(s.position), count(*), sum(s.accepted), sum(s.rejected), sum(s.no_input), sum(s.no_match), sum(s.opted_out), sum(s.abandoned), sum(s.errors),
			sum(s.served), sum(coalesce(s.result, '') = 'passed'), coalesce(sum(s.ms), 0)
		FROM calls AS c JOIN call_steps AS s ON s.call = c.call WHERE `+w.text+` GROUP BY s.line, s.step
		UNION ALL
		SELECT a.line, a.step, a.attempt, 0, count(*), sum(a.result = 'accepted'), sum(a.result = 'rejected'), sum(a.result = 'no_input'), sum(a.result = 'no_match'),
			sum(a.result = 'opted_out'), sum(a.result = 'abandoned'), sum(a.result = 'error'), sum(a.result = 'served'), 0, coalesce(sum(a.ms), 0)
		FROM calls AS c JOIN attempts AS a ON a.call = c.call WHERE `+w.text+` GROUP BY a.line, a.step, a.attempt`, append(w.args, w.args...)...)
	if err != nil {
		return nil, err
	}
	sortFunnel(all)
	r := funnel(all)
	older, err := keptSince(ctx, tx, q.Period)
	r.Notes = append(older, r.Notes...)
	return r, err
}

// sortFunnel puts lines by name, steps in the order in which calls meet them, and attempts behind their step.
func sortFunnel(all []asked) {
	type question struct{ line, step string }
	position := map[question]float64{}
	for _, a := range all {
		if a.attempt == 0 {
			position[question{a.line, a.step}] = a.position
		}
	}
	slices.SortFunc(all, func(a, b asked) int {
		return cmp.Or(
			cmp.Compare(a.line, b.line), cmp.Compare(position[question{a.line, a.step}], position[question{b.line, b.step}]), cmp.Compare(a.step, b.step),
			cmp.Compare(a.attempt, b.attempt),
		)
	})
}

func funnel(all []asked) *Report {
	r := &Report{
		Columns: []Column{
			{Key: "line", Title: "Line", Kind: Text}, {Key: "step", Title: "Question", Kind: Text}, {Key: "attempt", Title: "Attempt", Kind: Text},
			{Key: "asked", Title: "Asked", Kind: Count}, {Key: "success", Title: "Success", Kind: Count}, {Key: "success_percent", Title: "Succ. %", Kind: Percent},
			{Key: "rejected", Title: "Wrong", Kind: Count}, {Key: "no_input", Title: "No input", Kind: Count}, {Key: "no_match", Title: "No match", Kind: Count},
			{Key: "opted_out", Title: "Opt-out", Kind: Count}, {Key: "abandoned", Title: "Hung up", Kind: Count},
			{Key: "mean_seconds", Title: "Mean s", Kind: Seconds}, {Key: "seconds_per_success", Title: "s/success", Kind: Seconds},
			{Key: "total_seconds", Title: "Total s", Kind: Seconds, Minor: true}, {Key: "errors", Title: "Errors", Kind: Count, Minor: true},
			{Key: "served", Title: "Served", Kind: Count, Minor: true},
		},
		Notes: []string{
			"A question is a step of the line: asked in so many calls, with success where it was passed; what came of its attempts is added up. Attempts are the first, second, " +
				"… time that it was asked in a call.",
			"s/success is what one success costs: the seconds of everybody who was asked, divided by the successes. The seconds of a question are those of the whole step, with " +
				"prompts and look-ups; of an attempt, from the prompt to the answer. Step-ups count too.",
		},
	}
	var cells []Row
	for _, a := range all {
		attempt, success := any("all"), a.passed
		if a.attempt > 0 {
			attempt, success = plain(a.attempt), a.accepted
		}
		cells = append(cells, Row{
			a.line, a.step, attempt, a.times, success, percent(success, a.times), a.rejected, a.noInput, a.noMatch, a.optedOut, a.abandoned,
			seconds(a.ms, a.times), seconds(a.ms, success), math.Round(float64(a.ms)/100) / 10, a.errors, a.served,
		})
	}
	r.Rows, r.Of = rows(cells), int64(len(cells))
	if len(cells) == 0 {
		r.Notes = append([]string{"Nothing was asked in this period."}, r.Notes...)
	}
	r.Chart = &Chart{Title: "Asked, and answered with success", Labels: []int{0, 1, 2}, Of: r.column("asked"), Parts: []int{r.column("success")}}
	return r
}
