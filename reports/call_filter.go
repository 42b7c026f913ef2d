package reports

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/reports/words"
)

// Filter picks calls; an empty field picks all.
type Filter struct {
	Status, Reason, Customer, CallerLast4, IdentifiedBy, FailedStep string
	// Failed picks the calls counted as failed, StepUps those counted separately.
	Failed, StepUps bool
	// Tests picks the calls by which staff tried drafts, which count nowhere, in place of callers'.
	Tests bool
	// Counted picks the calls that a column of the other reports counts, by its key, such as "verified".
	Counted string
	// Methods are those of a verified call, in order, separated by commas.
	Methods string
	// Asked is a step that was run in the call. Attempt and Result pick one attempt at it, such as 1 and rejected.
	Asked, Attempt, Result string
	// Weekday is "monday" …; ClockFrom and ClockTo are a part of every day, such as 08:00 and 09:30, of which the second
	// is not included: a call belongs to the local time at which it began.
	Weekday, ClockFrom, ClockTo string
}

// own is a call that counts: neither a step-up nor one that came back.
const own = "(c.first = c.call AND c.step_up = 0)"

// counted says which calls a column counts, of the view calls or one like it, c.
var counted = map[string]struct{ title, which string }{
	"calls":                {"Calls", "c.own"},
	"identified":           {"Identified", "c.own AND c.identified_by IS NOT NULL"},
	"identified_by_ani":    {"Identified by ANI", "c.own AND c.identified_by = 'ani'"},
	"identified_otherwise": {"Identified otherwise", "c.own AND c.identified_by <> 'ani'"},
	"not_identified":       {"Not identified", "c.own AND c.identified_by IS NULL"},
	"verified":             {"Verified", "c.own AND c.verdict = 'verified'"},
	"strong":               {"At level 3", "c.own AND c.verdict = 'verified' AND c.level >= 3"},
	"failed":               {"Failed", "c.own AND c.verdict = 'failed'"},
	"identified_only":      {"Identified only", "c.own AND c.verdict = 'failed' AND c.status = 'identified'"},
	"neither":              {"Not identified", "c.own AND c.verdict = 'failed' AND c.status <> 'identified'"},
	"abandoned":            {"Abandoned", `c.own AND c."end" = 'abandoned'`},
	"opted_out":            {"Opted out", "c.own AND c.reason = 'opted_out'"},
	"locked":               {"Locked", "c.own AND c.locked = 1"},
	"unavailable":          {"Unavail.", "c.own AND c.reason = 'unavailable'"},
	"closed":               {"Closed", "c.own AND c.reason = 'closed'"},
	"step_ups":             {"Step-ups", "NOT c.own"},
}

// Counts lists what Filter.Counted can be.
func Counts() []string { return slices.Sorted(maps.Keys(counted)) }

// from is the view with the calls.
func (f Filter) from() string {
	if f.Tests {
		return "test_calls"
	}
	return "calls"
}

// apply adds the filter to a condition, and describes it for people. The reason and step of a failed call are those at
// which it failed, however it ended.
func (f Filter) apply(w *condition, l words.Language, p Period) (told []string, err error) {
	if f.Counted != "" {
		which, ok := counted[f.Counted]
		if !ok {
			return nil, &UnknownError{"number of calls", f.Counted, Counts()}
		}
		told = append(told, l.Text(which.title))
		w.and("(" + strings.ReplaceAll(which.which, "c.own", own) + ")")
	}
	reason, step := "c.reason", "c.failed_step"
	if f.Failed {
		told = append(told, l.Text("failed"))
		reason, step = "(SELECT f.reason FROM failed AS f "+
			"WHERE f.call = c.call)", "(SELECT f.step FROM failed AS f WHERE f.call = c.call)"
		w.and("EXISTS (SELECT 1 FROM failed AS f WHERE f.call = c.call)")
	}
	if f.StepUps {
		told = append(told, l.Text("step-ups"))
		w.and("(c.first <> c.call OR c.step_up = 1)")
	}
	if f.Tests {
		told = append(told, l.Text("tests by staff"))
	}
	for _, x := range []struct {
		title, column, value string
		words                words.Vocabulary
	}{
		{"status", "c.status", f.Status, words.Statuses}, {"reason", reason, f.Reason, words.Reasons},
		{"customer", "c.customer", f.Customer, words.Names}, {"caller", "c.caller_last4", f.CallerLast4, words.Names},
		{"identified by", "c.identified_by", f.IdentifiedBy, words.Steps}, {"failed at", step, f.FailedStep, words.Steps},
		{"methods", "c.methods", f.Methods, words.Methods},
	} {
		if x.value != "" {
			if x.column == step && x.value == NoStep {
				w.and("coalesce(" + step + ", '') = ''")
			} else {
				w.and(x.column+" = ?", x.value)
			}
			told = append(told, l.Text(x.title)+" "+l.Word(x.words, x.value))
		}
	}
	asked, err := f.applyAsked(w, l)
	if err != nil {
		return nil, err
	}
	when, err := f.applyClock(w, l, p)
	return slices.Concat(told, asked, when), err
}

// applyAsked picks the calls in which a step was run, or an attempt at it had a result.
func (f Filter) applyAsked(w *condition, l words.Language) (told []string, err error) {
	if err := f.checkAttempt(); err != nil || f.Asked == "" {
		return nil, err
	}
	told = []string{l.Text("asked") + " " + l.Word(words.Steps, f.Asked)}
	if f.Attempt == "" && f.Result == "" {
		w.and("EXISTS (SELECT 1 FROM call_steps AS s WHERE s.call = c.call AND s.step = ?)", f.Asked)
		return told, nil
	}
	if f.Attempt == "" && f.Result == resultPassed {
		w.and("EXISTS (SELECT 1 FROM call_steps AS s WHERE s.call = c.call AND s.step = ? AND s.result = ?)", f.Asked,
			f.Result)
		return append(told, l.Text("Success")), nil
	}
	text, args := "EXISTS (SELECT 1 FROM attempts AS a WHERE a.call = c.call AND a.step = ?", []any{f.Asked}
	if f.Attempt != "" {
		text, args = text+" AND a.attempt = ?", append(args, f.Attempt)
		told = append(told, l.Text("Attempt")+" "+f.Attempt)
	}
	if f.Result != "" {
		text, args = text+" AND a.result = ?", append(args, f.Result)
		told = append(told, l.Text(resultTitles[f.Result]))
	}
	w.and(text+")", args...)
	return told, nil
}

// checkAttempt says what is wrong with Attempt and Result. A whole step can have passed, one attempt cannot.
func (f Filter) checkAttempt() error {
	if n, err := strconv.Atoi(f.Attempt); f.Attempt != "" && (err != nil || n < 1) {
		return &UnknownError{"attempt", f.Attempt, []string{"1", "2", "3", "…"}}
	}
	results := slices.Sorted(maps.Keys(resultTitles))
	if f.Attempt == "" {
		results = append(results, resultPassed)
	}
	if f.Result != "" && !slices.Contains(results, f.Result) {
		return &UnknownError{"result", f.Result, results}
	}
	return nil
}

const resultPassed = "passed"

// resultTitles are the columns of the funnel that count attempts with a result.
var resultTitles = map[string]string{
	"accepted": "Success", "rejected": "Wrong", "no_input": "No input", "no_match": "No match", "opted_out": "Opt-out",
	"abandoned": "Hung up", "error": "Errors", "served": "Served",
}

// applyClock picks calls by the local time at which they began.
func (f Filter) applyClock(w *condition, l words.Language, p Period) (told []string, err error) {
	if f.Weekday != "" {
		on := slices.Index(weekdays, f.Weekday)
		if on < 0 {
			return nil, &UnknownError{"weekday", f.Weekday, weekdays}
		}
		w.and("("+p.localSQL("c.started")+" / 86400000 + 3) % 7 = ?", on)
		told = append(told, l.Word(words.Weekdays, f.Weekday))
	}
	if f.ClockFrom == "" && f.ClockTo == "" {
		return told, nil
	}
	from, to, err := f.clock()
	if err != nil {
		return nil, err
	}
	local := p.localSQL("c.started") + " % 86400000"
	if from < to {
		w.and(local+" >= ? AND "+local+" < ?", from, to)
	} else { // over midnight
		w.and("("+local+" >= ? OR "+local+" < ?)", from, to)
	}
	return append(told, fmt.Sprintf("%s–%s", clockText(from), clockText(to))), nil
}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// clock are the ends of the part of a day, in milliseconds.
func (f Filter) clock() (from, to int64, err error) {
	to = day
	for _, end := range []struct {
		text string
		at   *int64
	}{{f.ClockFrom, &from}, {f.ClockTo, &to}} {
		if end.text == "" || end.text == "24:00" {
			continue
		}
		at, err := time.Parse("15:04", end.text)
		if err != nil {
			return 0, 0, &UnknownError{"time of day", end.text, []string{"00:00", "…", "23:59", "24:00"}}
		}
		*end.at = int64(at.Hour())*hour + int64(at.Minute())*60_000
	}
	return from, to, nil
}

func clockText(ms int64) string { return fmt.Sprintf("%02d:%02d", ms/hour, ms%hour/60_000) }

// localSQL is a time in SQL as milliseconds since 1970 in local time.
func (p Period) localSQL(column string) string {
	all := p.stretches()
	if len(all) == 0 {
		return column
	}
	if len(all) == 1 {
		return fmt.Sprintf("(%s + %d)", column, all[0].offset)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "(%s + CASE", column)
	for _, part := range all[:len(all)-1] {
		fmt.Fprintf(&s, " WHEN %s < %d THEN %d", column, part.to, part.offset)
	}
	fmt.Fprintf(&s, " ELSE %d END)", all[len(all)-1].offset)
	return s.String()
}

// known checks the filter's words, so that a misspelt one is not taken for one without calls. A word is known if the
// product has it, or if it occurs: companies name steps and methods of their own.
func (f Filter) known(ctx context.Context, tx *sql.Tx) error {
	const methods = "SELECT methods FROM kinds UNION SELECT identified_by FROM kinds"
	for _, x := range []struct {
		what, word, occurring string
		words                 words.Vocabulary
	}{
		{"status", f.Status, "SELECT status FROM kinds", words.Statuses},
		{"reason", f.Reason, "SELECT reason FROM kinds UNION SELECT failed_reason FROM kinds", words.Reasons},
		{"method", f.IdentifiedBy, methods, words.Steps}, {"method", f.Methods, methods, words.Steps},
		{"step at which a call failed", f.FailedStep, "SELECT failed_step FROM kinds", words.Steps},
		{"question", f.Asked, "SELECT step FROM steps_daily", words.Steps},
	} {
		if x.word == "" || x.word == NoStep {
			continue
		}
		known := words.Codes(x.words)
		err := each(ctx, tx, func(scan func(...any) error) error {
			var several sql.NullString
			err := scan(&several)
			known = append(known, listed(several.String)...)
			return err
		}, x.occurring)
		if err != nil {
			return err
		}
		slices.Sort(known)
		for _, word := range listed(x.word) {
			if !slices.Contains(known, word) {
				return &UnknownError{x.what, word, slices.Compact(known)}
			}
		}
	}
	return nil
}

// listed are the words of a list with commas.
func listed(several string) []string {
	return strings.FieldsFunc(several, func(r rune) bool { return r == ',' })
}
