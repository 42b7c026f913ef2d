package staff_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports"
	"countersign/reports/reportstest"
	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

// day is the one on which the calls of the archive began; the clock is in its evening.
var day = time.Date(2026, 11, 18, 0, 0, 0, 0, time.Local)

// archived is an office with counted calls: 60 on retail and 3 on orders, of which some failed.
func archived(t *testing.T, changes ...func(*staff.Options)) (*office, *reportstest.Archive) {
	a := reportstest.New(t)
	o := newOffice(t, append(changes, func(s *staff.Options) { s.Reports = reports.NewReader(a.DB(), s.Now) })...)
	o.at(day.Add(20 * time.Hour))
	for i := range 63 {
		c := reportstest.Call{
			Line: "retail", At: day.Add(8*time.Hour + time.Duration(i)*time.Minute), Caller: "00" + strconv.Itoa(10+i%10),
			Customer: "C-" + strconv.Itoa(i%4), By: event.MethodANI, Proof: []event.Method{event.MethodPIN},
			Verdict: 20 * time.Second, Asked: []event.AttemptResult{"rejected", "accepted"},
		}
		if i%9 == 0 {
			c.Proof, c.Reason, c.Step = nil, event.ReasonWrongAnswer, "pin"
			c.Asked = []event.AttemptResult{"rejected", "rejected"}
		}
		if i >= 60 {
			c.Line = "orders"
		}
		a.Add(c)
	}
	return o, a
}

// links are the addresses on a page that begin with a prefix.
func links(page, prefix string) (all []string) {
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if u := html.UnescapeString(m[1]); strings.HasPrefix(u, prefix) {
			all = append(all, u)
		}
	}
	return all
}

func TestAReportHasAChartATableAndItsStatement(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	for _, language := range []string{"en", "de"} {
		b.header.Set("Accept-Language", language)
		for _, name := range []string{"summary", "ani", "verified", "failed", "funnel"} {
			for _, query := range []string{"", "?by=hour", "?by=line&by=day", "?period=this_week&compare=previous"} {
				if name == "funnel" && strings.Contains(query, "by=") {
					continue
				}
				got := b.get("/reports/" + name + query)
				require.Equal(t, http.StatusOK, got.status, "%s%s: %s", name, query, got.text)
				assert.Contains(t, got.text, "<table>", name)
				assert.Contains(t, got.text, `id="sql"`, name+query)
				assert.Contains(t, got.text, "SELECT", name+query)
				assert.NotContains(t, got.text, "data-empty", name)
				assert.NotContains(t, got.text, "style=", name)
				if !strings.Contains(query, "compare") {
					assert.Contains(t, got.text, `role="img"`, name+query)
					assert.Contains(t, got.text, `class="part-1"`, name+query)
				}
			}
		}
	}
}

func TestFromANumberToAReplayInFourClicks(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.happened("call-000001", "retail", verifiedCall()...) // the journal has the call
	o.hire("supervisor")
	b := o.as("supervisor")
	report := b.get("/reports/failed?by=reason&line=retail")
	numbers := links(report.text, "/calls?")
	require.NotEmpty(t, numbers)
	var failed string
	for _, u := range numbers {
		if strings.Contains(u, "reason=wrong_answer") && strings.Contains(u, "counted=failed") {
			failed = u
		}
	}
	require.NotEmpty(t, failed, numbers)
	assert.Contains(t, report.text, `>7</a>`, "the number is a link")
	calls := b.get(failed) // 1
	require.Equal(t, http.StatusOK, calls.status, calls.text)
	assert.Contains(t, calls.text, "7 of 7")
	assert.Contains(t, calls.text, "Failed · ", "says what is filtered")
	journeys := links(calls.text, "/calls/call-")
	require.Len(t, journeys, 7)
	require.Contains(t, journeys, "/calls/call-000001")
	journey := b.get("/calls/call-000001") // 2
	require.Equal(t, http.StatusOK, journey.status)
	assert.Contains(t, journey.text, "data-play", "3: the replay is a button in the journey")
	assert.Contains(t, journey.text, `data-at="8000"`)
}

func TestANumberOfWhoeverMayNotSeePersonsIsNoLinkAndIsRounded(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("business")
	b := o.as("business")
	got := b.get("/reports/summary?by=line")
	require.Equal(t, http.StatusOK, got.status)
	assert.Empty(t, links(got.text, "/calls?"))
	assert.NotContains(t, got.text, ">63<", "63 less 60 is 3")
	assert.Contains(t, got.text, ">65<")
	for _, f := range []string{"csv", "json"} {
		file := b.get("/reports/summary?by=line&format=" + f)
		require.Equal(t, http.StatusOK, file.status)
		assert.NotContains(t, file.text, "63")
		assert.NotRegexp(t, `"orders"[,:]"?3"?`, file.text)
		assert.Contains(t, file.text, "65")
	}
	q := url.Values{"from": {day.Add(8 * time.Hour).Format("2006-01-02T15:04")}, "to": {day.Add(9 * time.Hour).Format("2006-01-02T15:04")}}
	assert.Equal(t, http.StatusBadRequest, b.get("/reports/summary?"+q.Encode()).status, "hours would tell single calls")
	assert.Equal(t, http.StatusBadRequest, b.get("/reports/summary?format=csv&"+q.Encode()).status)
	assert.Equal(t, http.StatusNotFound, b.get("/reports/calls?format=csv").status)
	assert.Equal(t, http.StatusForbidden, b.get("/calls").status)
}

func TestAReportOfAPartOfTheDay(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	q := url.Values{
		"from": {day.Add(8 * time.Hour).Format("2006-01-02T15:04")}, "to": {day.Add(8*time.Hour + 15*time.Minute).Format("2006-01-02T15:04")},
	}
	got := b.get("/reports/summary?" + q.Encode())
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, got.text, ">15</a>")
	assert.Contains(t, got.text, `value="`+q.Get("from")+`"`, "the form keeps it")
	assert.Equal(t, http.StatusBadRequest, b.get("/reports/summary?from=2026-11-18T08:07&to=2026-11-18T09:00").status)
	assert.Equal(t, http.StatusBadRequest, b.get("/reports/summary?from=yesterdayish").status)
}

func TestNothingHappenedLooksDifferentFromNotCounted(t *testing.T) {
	t.Parallel()
	o, _ := archived(t) // counted until the end of the year
	o.hire("supervisor")
	b := o.as("supervisor")
	state := func(path string) string {
		t.Helper()
		got := b.get(path)
		require.Equal(t, http.StatusOK, got.status, got.text)
		_, after, _ := strings.Cut(got.text, `data-empty="`)
		state, _, _ := strings.Cut(after, `"`)
		return state
	}
	for _, page := range []string{"/reports/summary", "/reports/funnel", "/calls"} {
		assert.Empty(t, state(page+"?period=today"), page)
		assert.Equal(t, "no_calls", state(page+"?from=2026-11-17&to=2026-11-17"), page)
		assert.Equal(t, "not_yet", state(page+"?from=2026-11-20&to=2026-11-20"), page)
	}
	assert.Equal(t, "no_calls", state("/calls?customer=nobody"))
	o.at(time.Date(2027, 2, 1, 12, 0, 0, 0, time.Local))
	b = o.as("supervisor")
	for _, page := range []string{"/reports/summary", "/reports/verified", "/calls"} {
		assert.Equal(t, "behind", state(page+"?period=today"), page)
	}
}

func TestLinesOfOthersAreNotCounted(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"orders"} })
	b := o.as("supervisor")
	assert.Contains(t, b.get("/reports/summary").text, ">3</a>")
	assert.NotContains(t, b.get("/reports/summary?by=line").text, "retail")
	for _, path := range []string{"/reports/summary?line=retail", "/calls?line=retail", "/what-if?line=retail"} {
		assert.Contains(t, []int{http.StatusForbidden, http.StatusServiceUnavailable}, b.get(path).status, path)
	}
}

func TestADownloadIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	for _, f := range []string{"csv", "json", "xlsx", "pdf"} {
		got := b.get("/reports/calls?failed=1&format=" + f)
		require.Equal(t, http.StatusOK, got.status)
		assert.Contains(t, got.header.Get("Content-Disposition"), "calls-2026-11-18."+f)
	}
	assert.Equal(t, http.StatusNotFound, b.get("/reports/summary?format=exe").status)
	last := o.audited[len(o.audited)-1]
	assert.Equal(t, "supervisor", last.Actor)
	assert.Contains(t, last.Detail, "pdf, 2026-11-18")
}

func TestWhoSeesNoReports(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire(string(access.Supervisor))
	got := o.as("supervisor").get("/reports/summary")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
}

// archivedCall is one more call on retail.
func archivedCall(i int) reportstest.Call {
	return reportstest.Call{
		Line: "retail", At: day.Add(10*time.Hour + time.Duration(i)*time.Second), Caller: "0099", Reason: event.ReasonOptedOut,
		Verdict: 3 * time.Second,
	}
}

type role = access.Role
