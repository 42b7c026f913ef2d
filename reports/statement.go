package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// statements are SQL on the views of reports.db that read what the report says, for everybody who wants to check it or
// go on from there: one for its period, and one for the period before if it is compared.
func statements(q Query, r *Report) (all []string) {
	q.Period = r.periodOf(q)
	all = append(all, statement(q, r))
	if r.Before != nil {
		q.Period = *r.Before
		all = append(all, statement(q, r))
	}
	return all
}

func (r *Report) periodOf(q Query) Period {
	if r.Before != nil {
		return r.Period
	}
	return q.Period
}

func statement(q Query, r *Report) string {
	switch r.Name {
	case "calls":
		return callsStatement(q)
	case "funnel":
		return funnelStatement(q)
	}
	columns := r.Columns
	if r.measures != nil {
		columns = r.measures
		q.By = slices.DeleteFunc(slices.Clone(q.By), func(by string) bool { return !Comparable(by) })
	}
	return countsStatement(q, r.Name, columns)
}

// callsStatement lists the calls.
func callsStatement(q Query) string {
	w := where(q.Period.From.UnixMilli(), q.Period.To.UnixMilli(), q.Lines)
	if _, err := q.Calls.apply(&w, q.Language, q.Period); err != nil {
		return ""
	}
	return "SELECT c.* FROM " + q.Calls.from() + " AS c\nWHERE " + strings.ReplaceAll(literal(w.text, w.args), " AND ", "\n  AND ") +
		"\nORDER BY c.started DESC, c.call DESC;"
}

// countsStatement counts calls by sections.
func countsStatement(q Query, name string, columns []Column) string {
	w := where(q.Period.From.UnixMilli(), q.Period.To.UnixMilli(), q.Lines)
	var s strings.Builder
	fmt.Fprintf(&s, "WITH wanted AS (\n  SELECT c.*, %s AS own, c.decided - c.started AS verdict_ms,\n    %s AS local\n"+
		"  FROM calls AS c\n  WHERE %s\n),\nparts AS (\n  SELECT 'total' AS \"by\", '' AS what, c.* FROM wanted AS c",
		own, q.Period.localSQL("c.started"), literal(w.text, w.args))
	for _, by := range q.By {
		fmt.Fprintf(&s, "\n  UNION ALL SELECT %s, %s", quoted(by), sectionSQL[by])
	}
	s.WriteString("\n)")
	timed := slices.ContainsFunc(columns, func(c Column) bool { return c.Key == "median_seconds" })
	if timed {
		fmt.Fprintf(&s, ",\nplaced AS (\n  SELECT c.\"by\", c.what, c.verdict_ms AS ms,\n"+
			"    row_number() OVER (PARTITION BY c.\"by\", c.what ORDER BY c.verdict_ms) AS place,\n"+
			"    count(*) OVER (PARTITION BY c.\"by\", c.what) AS n\n  FROM parts AS c WHERE %s\n),\ntimes AS (\n"+
			"  SELECT \"by\", what, round(10 * (sum(ms) / 1000.0 / count(*))) / 10 AS mean_seconds,\n"+
			"    (min(ms) FILTER (WHERE place * 100 >= n * 50) + 50) / 100 / 10.0 AS median_seconds,\n"+
			"    (min(ms) FILTER (WHERE place * 100 >= n * 95) + 50) / 100 / 10.0 AS p95_seconds\n"+
			"  FROM placed GROUP BY 1, 2\n)", timedSQL[name])
	}
	s.WriteString("\nSELECT c.\"by\", c.what")
	for _, c := range columns {
		if text := columnSQL(c, name); text != "" {
			fmt.Fprintf(&s, ",\n  %s AS %s", text, c.Key)
		}
	}
	s.WriteString("\nFROM parts AS c")
	if timed {
		s.WriteString(` LEFT JOIN times AS t ON t."by" = c."by" AND t.what = c.what`)
	}
	s.WriteString("\nGROUP BY c.\"by\", c.what ORDER BY c.\"by\" <> 'total', c.\"by\", c.what;")
	return s.String()
}

// timedSQL are the calls whose times a report shows.
var timedSQL = map[string]string{
	"summary": "c.own AND c.decided IS NOT NULL", "verified": "c.own AND c.verdict = 'verified'",
}

// sectionSQL are the calls of a section and what they have in common.
var sectionSQL = map[string]string{
	"line":    "c.line, c.* FROM wanted AS c",
	"methods": "c.methods, c.* FROM wanted AS c WHERE c.own AND c.verdict = 'verified'",
	"reason":  "f.reason, c.* FROM wanted AS c JOIN failed AS f ON f.call = c.call",
	"step":    "coalesce(f.step, 'none'), c.* FROM wanted AS c JOIN failed AS f ON f.call = c.call",
	"hour":    "strftime('%H:00', c.local / 1000, 'unixepoch'), c.* FROM wanted AS c",
	"weekday": "CASE (c.local / 86400000 + 3) % 7 WHEN 0 THEN 'monday' WHEN 1 THEN 'tuesday' WHEN 2 THEN 'wednesday'\n" +
		"    WHEN 3 THEN 'thursday' WHEN 4 THEN 'friday' WHEN 5 THEN 'saturday' ELSE 'sunday' END, c.* FROM wanted AS c",
	"day":   "strftime('%Y-%m-%d', c.local / 1000, 'unixepoch'), c.* FROM wanted AS c",
	"week":  "strftime('%G-W%V', c.local / 1000, 'unixepoch'), c.* FROM wanted AS c", // SQLite 3.46
	"month": "strftime('%Y-%m', c.local / 1000, 'unixepoch'), c.* FROM wanted AS c",
	"quarter": "strftime('%Y-Q', c.local / 1000, 'unixepoch') ||\n    ((strftime('%m', c.local / 1000, 'unixepoch') + 2) / 3), " +
		"c.* FROM wanted AS c",
}

// columnSQL is a column of a counted report; "" for those that name a row.
func columnSQL(c Column, report string) string {
	count := func(key string) string { return "sum(" + counted[key].which + ")" }
	percent := func(part, whole string) string { return "round(10 * (100.0 * " + part + " / " + whole + ")) / 10" }
	text := ""
	switch pair, isShare := shares[c.Key]; {
	case c.Names:
		return ""
	case c.Kind == Seconds:
		return "max(t." + c.Key + ")"
	case isShare:
		text = percent(count(pair.part), count(pair.whole))
	case c.Key == "share_percent":
		all := "(SELECT sum(" + strings.ReplaceAll(counted[report].which, "c.", "w.") + ") FROM wanted AS w)"
		return percent(count(report), all)
	default:
		text = count(c.Key)
	}
	if ofAllCalls(report, c.Key) { // says nothing about calls with one reason, step or method
		return `iif(c."by" IN ('reason', 'step', 'methods'), NULL, ` + text + ")"
	}
	return text
}

// ofAllCalls says whether a column is about all calls, in a report whose sections may be about some.
func ofAllCalls(report, key string) bool {
	return (report == "verified" || report == "failed") && (key == "calls" || key == report+"_percent")
}

// funnelStatement adds up what was asked.
func funnelStatement(q Query) string {
	steps, stepArgs := summed("steps", "line, step, steps, passed, positions, ms", q)
	attempts, attemptArgs := summed("funnel",
		"line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms, spoken, slow", q)
	split := func(text string, args []any) string {
		return strings.ReplaceAll(literal(text, args), " UNION ALL ", "\n    UNION ALL ")
	}
	results := []string{"rejected", "no_input", "no_match", "opted_out", "abandoned", "errors", "spoken", "slow"}
	var sums, whole strings.Builder
	for _, c := range results {
		fmt.Fprintf(&sums, ", sum(%s) AS %[1]s", c)
		fmt.Fprintf(&whole, ", coalesce(sum(a.%s), 0)", c)
	}
	return "WITH steps AS (\n  SELECT line, step, sum(steps) AS asked, sum(passed) AS success, sum(ms) AS ms,\n" +
		"    1.0 * sum(positions) / sum(steps) AS position\n  FROM (" + split(steps, stepArgs) +
		")\n  GROUP BY line, step HAVING sum(steps) > 0\n),\nattempts AS (\n" +
		"  SELECT line, step, attempt, sum(asked) AS asked, sum(accepted) AS success, sum(ms) AS ms" + sums.String() +
		"\n  FROM (" + split(attempts, attemptArgs) + ")\n  GROUP BY line, step, attempt HAVING sum(asked) > 0\n)," +
		"\nquestions AS (\n  SELECT s.line, s.step, s.position, 'all' AS attempt, s.asked, s.success, s.ms" + aliased(whole.String(),
		results) + "\n  FROM steps AS s LEFT JOIN attempts AS a ON a.line = s.line AND a.step = s.step" +
		"\n  GROUP BY s.line, s.step\n  UNION ALL SELECT a.line, a.step, s.position, a.attempt, a.asked, a.success, a.ms, a." +
		strings.Join(results, ", a.") + "\n  FROM attempts AS a LEFT JOIN steps AS s ON s.line = a.line AND s.step = a.step\n)" +
		"\nSELECT line, step, attempt, asked, success,\n" +
		"  round(10 * (100.0 * success / asked)) / 10 AS success_percent,\n  rejected, no_input, no_match, opted_out, " +
		"abandoned,\n  round(10 * (ms / 1000.0 / asked)) / 10 AS mean_seconds,\n" +
		"  round(10 * (ms / 1000.0 / success)) / 10 AS seconds_per_success, round(ms / 100.0) / 10 AS total_seconds, errors," +
		"\n  spoken, slow" +
		"\nFROM questions ORDER BY line, position, step, attempt <> 'all', attempt;"
}

// aliased names the columns of ", a, b".
func aliased(list string, names []string) string {
	for _, n := range names {
		list = strings.Replace(list, "coalesce(sum(a."+n+"), 0)", "coalesce(sum(a."+n+"), 0) AS "+n, 1)
	}
	return list
}

// literal writes the arguments into a query: statements for people have none.
func literal(query string, args []any) string {
	var s strings.Builder
	for {
		before, after, found := strings.Cut(query, "?")
		s.WriteString(before)
		if !found {
			return s.String()
		}
		switch v := args[0].(type) {
		case string:
			s.WriteString(quoted(v))
		case int64:
			s.WriteString(strconv.FormatInt(v, 10))
		default:
			fmt.Fprint(&s, v)
		}
		query, args = after, args[1:]
	}
}
