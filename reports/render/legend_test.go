package render

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/reports"
	"countersign/reports/reportstest"
	"countersign/reports/words"
	"countersign/session/event"
)

// everyReason are calls that failed for each reason of the product, at steps with and without a name of ours.
func everyReason(at time.Time) (all []reportstest.Call) {
	for i, reason := range []event.Reason{
		event.ReasonVelocity, event.ReasonSendLimit, event.ReasonNotEnrolled, event.ReasonTooLong, event.ReasonVoid,
		event.ReasonUnavailable, event.ReasonLocked,
	} {
		all = append(all, reportstest.Call{
			Line: "retail", At: at.Add(time.Duration(i) * time.Minute), Customer: "C-1", By: event.MethodAccount,
			Reason: reason, Step: []string{"pin", "", "sms_code", "contract_year"}[i%4],
		})
	}
	return all
}

func TestPeopleReadWordsAndProgramsCodes(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(everyReason(autumn(t).Period.From)...)
	for _, name := range reports.Names() {
		for _, l := range words.Languages() {
			q := autumn(t)
			q.Language = l
			text := string(printed(a, name, q, Table, Terminal{UTF8: true}))
			pdf := textOfPDF(t, printed(a, name, q, PDF, Terminal{}))
			for _, code := range []string{
				"velocity", "send_limit", "not_enrolled", "too_long", "wrong_answer", "not_found", "sms_code", "birth_date",
			} {
				assert.NotContains(t, text, code, "%s in %s", name, l)
				assert.NotContains(t, pdf, code, "%s in %s as PDF", name, l)
			}
		}
	}
	q := autumn(t)
	assert.Contains(t, string(printed(a, "failed", q, Table, Terminal{})), "too many codes sent")
	assert.Regexp(t, `step +no step`, string(printed(a, "failed", q, Table, Terminal{})))
	for _, f := range []Format{CSV, JSON} {
		q.Language = words.German
		text := string(printed(a, "failed", q, f, Terminal{}))
		for _, code := range []string{"velocity", "send_limit", "none", "identified_only"} {
			assert.Contains(t, text, code, f)
		}
		assert.NotContains(t, text, "zu viele Versuche", f)
	}
	q.Language = words.German
	german := string(printed(a, "failed", q, Table, Terminal{UTF8: true}))
	for _, word := range []string{
		"Gescheitert, und warum", "zu viele Codes versandt", "kein Schritt", "Code per SMS", "gesamt", "alle Linien",
		"2026-10-24 bis 2026-10-26", "contract year",
	} {
		assert.Contains(t, german, word)
	}
	assert.Regexp(t, `gesamt +\d+ +\d+ +\d+,\d`, german, "decimal commas")
	assert.Contains(t, textOfPDF(t, printed(a, "failed", q, PDF, Terminal{})), "Seite 1 von ")
}

// legendOf are the explanations at the end of a table.
func legendOf(text string) (all []string) {
	flat := strings.Join(strings.Fields(text), " ")
	for _, part := range strings.Split(flat, "; ") {
		all = append(all, strings.TrimSuffix(part, "."))
	}
	return all
}

func TestALegendExplainsWhatAppearsAndNothingElse(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(everyReason(autumn(t).Period.From)...)
	for _, name := range reports.Names() {
		for _, l := range words.Languages() {
			for _, width := range []int{80, 120, 0} {
				q := autumn(t)
				q.Language = l
				r, rows := read(a, name, q)
				text := string(printed(a, name, q, Table, Terminal{Width: width, UTF8: true}))
				flat := strings.Join(strings.Fields(text), " ")
				hidden := hiddenIn(text)
				legend := legendOf(text)
				var cells []string
				for _, c := range r.Columns {
					assert.NotEmpty(t, c.Means, "%s of %s", c.Key, name)
					explained := strings.Contains(flat, " "+c.Title+": "+c.Means)
					assert.Equal(t, !hidden[c.Title], explained, "%s, %s, %d wide: %s", name, l, width, c.Title)
				}
				for _, row := range rows {
					for i := range row {
						if !hidden[r.Columns[i].Title] {
							cells = append(cells, r.Shown(row, i))
						}
					}
				}
				for _, v := range []words.Vocabulary{words.Reasons, words.Statuses, words.Outcomes} {
					for _, reason := range []string{
						"velocity", "send_limit", "hung_up", "untrusted", "not_heard", "verified", "identified", "none", "abandoned",
					} {
						means := l.Explain(v, reason)
						if means == "" {
							continue
						}
						word := l.Word(v, reason)
						in := slices.Contains(cells, word)
						explained := slices.Contains(legend, word+": "+means)
						assert.True(t, in || !explained, "%s, %s: %s is explained and does not appear", name, l, word)
					}
				}
				for _, row := range rows {
					for i := range row {
						code, _ := row[i].(string)
						of := r.Columns[i].Words
						if means := l.Explain(of, code); means != "" && !hidden[r.Columns[i].Title] {
							want := l.Word(of, code) + ": " + means
							assert.True(t, strings.Contains(flat, want), "%s, %s: %s is not in %v", name, l, want, legend)
						}
					}
				}
			}
		}
	}
}
