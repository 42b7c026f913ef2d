package reports

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"

	"countersign/reports/words"
)

// asked is the result of a step, or of one attempt at it.
type asked struct {
	line, step string
	// 0: the whole step
	attempt                                                                                                    int64
	position                                                                                                   float64
	times, accepted, rejected, noInput, noMatch, optedOut, abandoned, errors, served, spoken, slow, passed, ms int64
}

// makeFunnel reports for each question, and each attempt at it, how often it was asked, with what results, and what it
// cost.
func makeFunnel(ctx context.Context, tx *sql.Tx, q Query, _ time.Time) (*Report, error) {
	if !q.Period.quarters() {
		return nil, ErrUneven
	}
	all, err := stepsOf(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	attempts, err := attemptsOf(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	for i := range all {
		for _, a := range attempts {
			if all[i].line == a.line && all[i].step == a.step {
				all[i].add(a)
			}
		}
	}
	all = append(all, attempts...)
	sortFunnel(all)
	return funnel(all, q), nil
}

func stepsOf(ctx context.Context, tx *sql.Tx, q Query) (all []asked, err error) {
	from, args := summed("steps", "line, step, steps, passed, positions, ms", q)
	err = each(ctx, tx, func(scan func(...any) error) error {
		var a asked
		err := scan(&a.line, &a.step, &a.position, &a.times, &a.passed, &a.ms)
		all = append(all, a)
		return err
	}, "SELECT line, step, 1.0 * sum(positions) / sum(steps), sum(steps), sum(passed), sum(ms) "+
		"FROM ("+from+") GROUP BY line, step HAVING sum(steps) > 0", args...)
	return all, err
}

func attemptsOf(ctx context.Context, tx *sql.Tx, q Query) (all []asked, err error) {
	from, args := summed("funnel",
		"line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms, spoken, slow", q)
	err = each(ctx, tx, func(scan func(...any) error) error {
		var a asked
		err := scan(&a.line, &a.step, &a.attempt, &a.times, &a.accepted, &a.rejected, &a.noInput, &a.noMatch, &a.optedOut,
			&a.abandoned, &a.errors, &a.ms, &a.spoken, &a.slow)
		a.served = a.times - a.accepted - a.rejected - a.noInput - a.noMatch - a.optedOut - a.abandoned - a.errors
		all = append(all, a)
		return err
	}, `SELECT line, step, attempt, sum(asked), sum(accepted), sum(rejected), sum(no_input), sum(no_match),
		sum(opted_out), sum(abandoned), sum(errors), sum(ms), sum(spoken), sum(slow)
		FROM (`+from+") GROUP BY line, step, attempt HAVING sum(asked) > 0", args...)
	return all, err
}

// summed is a query for the rows of a view that has sums of days and of quarter hours: the whole days (UTC) of the
// period, and the quarter hours around them.
func summed(view, columns string, q Query) (query string, args []any) {
	from, to := q.Period.From.UnixMilli(), q.Period.To.UnixMilli()
	firstDay, lastDay := min((from+day-1)/day*day, to), to/day*day
	var parts []string
	for _, part := range []struct {
		view     string
		from, to int64
	}{{"_quarter_hours", from, firstDay}, {"_daily", firstDay, lastDay}, {"_quarter_hours", max(firstDay, lastDay), to}} {
		w := where(part.from, part.to, q.Lines)
		parts, args = append(parts, "SELECT "+columns+" FROM "+view+part.view+" AS c WHERE "+w.text), append(args, w.args...)
	}
	return strings.Join(parts, " UNION ALL "), args
}

// add counts the results of an attempt.
func (a *asked) add(b asked) {
	a.accepted += b.accepted
	a.rejected += b.rejected
	a.noInput += b.noInput
	a.noMatch += b.noMatch
	a.optedOut += b.optedOut
	a.abandoned += b.abandoned
	a.errors += b.errors
	a.served += b.served
	a.spoken += b.spoken
	a.slow += b.slow
}

// sortFunnel sorts lines by name, steps in the order in which calls reach them, and attempts after their step.
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
			cmp.Compare(a.line, b.line), cmp.Compare(position[question{a.line, a.step}], position[question{b.line, b.step}]),
			cmp.Compare(a.step, b.step),
			cmp.Compare(a.attempt, b.attempt),
		)
	})
}

const (
	noteNothingAsked = "Nothing was asked in this period."
	chartFunnel      = "Asked, and answered with success"
)

func funnelColumns() []Column {
	return []Column{
		{Key: "line", Title: "Line", Means: "the service line that asked", Kind: Text, Names: true},
		{
			Key: "step", Title: "Question", Means: "the step that asks", Kind: Text, Names: true,
			Words: words.Steps,
		},
		{
			Key: "attempt", Title: "Attempt", Means: "the first, second, … time that it was asked in a call", Kind: Text,
			Names: true, Words: words.Answers,
		},
		{Key: "asked", Title: "Asked", Means: "how often it was asked", Kind: Count},
		{Key: "success", Title: "Success", Means: "how often it was passed, or answered rightly", Kind: Count},
		{Key: "success_percent", Title: "Succ. %", Means: "success, in percent of asked", Kind: Percent},
		{Key: "rejected", Title: "Wrong", Means: "a valid answer, but wrong", Kind: Count},
		{Key: "no_input", Title: "No input", Means: "nothing was keyed or said", Kind: Count},
		{
			Key: "no_match", Title: "No match",
			Means: "the entry could not be an answer: too short, or a wrong check digit", Kind: Count,
		},
		{Key: "opted_out", Title: "Opt-out", Means: "the caller does not have it", Kind: Count},
		{Key: "abandoned", Title: "Hung up", Means: "the caller hung up at this question", Kind: Count},
		{Key: "mean_seconds", Title: "Mean s", Means: "the average of the seconds that it took", Kind: Seconds},
		{
			Key: "seconds_per_success", Title: "s/success",
			Means: "the cost of one success: the seconds of everybody who was asked, divided by the successes", Kind: Seconds,
		},
		{Key: "total_seconds", Title: "Total s", Means: "the seconds of everybody who was asked", Kind: Seconds, Minor: true},
		{Key: "errors", Title: "Errors", Means: "one of our systems failed", Kind: Count, Minor: true},
		{
			Key: "served", Title: "Served", Means: "the caller asked for something else, such as to resend the code, and got it",
			Kind: Count, Minor: true,
		},
		{Key: "spoken", Title: "Said", Means: "how often the caller answered by voice", Kind: Count, Minor: true},
		{
			Key: "slow", Title: "Slow", Means: "how often the caller had more time, because they needed or wanted it", Kind: Count,
			Minor: true,
		},
	}
}

func funnel(all []asked, q Query) *Report {
	r := &Report{
		Columns: funnelColumns(),
		Notes: []string{
			"A question is a step of the line; the results of its attempts are added up. The seconds of a question are those " +
				"of the whole step, with prompts and lookups; of an attempt, from the prompt to the answer. Step-ups count too.",
		},
	}
	var cells []Row
	for _, a := range all {
		attempt, success := any("all"), a.passed
		if a.attempt > 0 {
			attempt, success = Plain(a.attempt), a.accepted
		}
		cells = append(cells, Row{
			a.line, a.step, attempt, a.times, success, percent(success, a.times), a.rejected, a.noInput, a.noMatch, a.optedOut,
			a.abandoned,
			seconds(a.ms, a.times), seconds(a.ms, success), math.Round(float64(a.ms)/100) / 10, a.errors, a.served, a.spoken,
			a.slow,
		})
	}
	r.Rows, r.Of = Rows(cells), int64(len(cells))
	if len(cells) == 0 {
		r.Notes = append([]string{noteNothingAsked}, r.Notes...)
	}
	r.Chart = &Chart{
		Title: q.Language.Text(chartFunnel), Whole: "all", Labels: []int{0, 1, 2}, Of: r.column("asked"),
		Parts: []int{r.column("success")},
	}
	return r
}
