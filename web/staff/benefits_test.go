package staff_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports"
	"countersign/reports/deliver"
	"countersign/web/people"
	"countersign/web/staff"
)

// figures are the values of a figure on a page.
func figures(page, name string) (all []string) {
	for _, m := range regexp.MustCompile(`data-figure="`+name+`">([^<]*)`).FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestBenefitsWithARateAndBeforeAndAfter(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	got := b.get("/reports/benefits?agent_cost=0,60&agent_seconds=60&line=retail")
	require.Equal(t, http.StatusOK, got.status, got.text)
	// 53 of 60 calls on retail were verified: 53 minutes at 0.60.
	assert.Equal(t, []string{"60"}, figures(got.text, "calls"))
	assert.Equal(t, []string{"31.80"}, figures(got.text, "saved"))
	assert.Equal(t, []string{"–"}, figures(got.text, "net"), "the cost of the line is not known")
	assert.Equal(t, []string{"– "}, figures(got.text, "contained"))
	assert.Contains(t, got.text, `id="sql"`)
	assert.Contains(t, links(got.text, "/reports/benefits"), "/reports/benefits?agent_cost=0%2C60&agent_seconds=60&line=retail&version=1")

	q := url.Values{
		"chosen": {"1"}, "self_service": {"agents XML default"}, "agent_cost": {"1"}, "line_cost": {"0.1"},
		"split": {day.Add(8*time.Hour + 30*time.Minute).Format("2006-01-02T15:04")},
	}
	got = b.get("/reports/benefits?" + q.Encode())
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Equal(t, []string{"30", "33"}, figures(got.text, "calls"))
	assert.Equal(t, []string{"30 ", "33 "}, figures(got.text, "contained"))
	assert.NotEqual(t, []string{"–", "–"}, figures(got.text, "net"))
	for _, wrong := range []string{"agent_cost=much", "agent_cost=-1", "version=3", "version=x&line=retail", "split=then"} {
		assert.Equal(t, http.StatusBadRequest, b.get("/reports/benefits?"+wrong).status, wrong)
	}
	assert.Equal(t, http.StatusForbidden, func() int {
		o.hire("other", func(p *people.Person) { p.Roles, p.Lines = []role{"supervisor"}, []string{"orders"} })
		return o.as("other").get("/reports/benefits?line=retail").status
	}())
	b.header.Set("Accept-Language", "de")
	assert.Equal(t, []string{"31,80"}, figures(b.get("/reports/benefits?agent_cost=0.60&agent_seconds=60&line=retail").text, "saved"))
}

func TestBenefitsOfFewCallsAreNotShownToEverybody(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("business")
	b := o.as("business")
	got := b.get("/reports/benefits?line=orders")
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Equal(t, []string{"–"}, figures(got.text, "calls"), "three")
	assert.Equal(t, http.StatusBadRequest, b.get("/reports/benefits?split=2026-11-18T08:30").status)
}

func TestTheRateOfTheSettingsIsTheFirst(t *testing.T) {
	t.Parallel()
	base, _ := archived(t)
	o := newOffice(t, func(s *staff.Options) {
		s.Reports, s.Benefits = base.pages.Reports, func() reports.Assumptions {
			return reports.Assumptions{AgentCostPerMinute: 0.6, AgentSeconds: 60, Currency: "EUR"}
		}
	})
	o.at(day.Add(20 * time.Hour))
	o.hire("supervisor")
	assert.Equal(t, []string{"31.80 EUR"}, figures(o.as("supervisor").get("/reports/benefits?line=retail&from=2026-11-18&to=2026-11-18").text, "saved"))
}

// scheduled are two schedules, of which one cannot be delivered.
type scheduled struct{ ran []string }

func (s *scheduled) Statuses(context.Context) ([]deliver.Status, error) {
	last := &deliver.LastRun{Ended: day, Error: "mail server away", Attempts: 3}
	return []deliver.Status{
		{Name: "weekly", Cron: "0 6 * * 1", TZ: "Europe/Berlin", Report: "summary", Period: "last_week", Format: "pdf", Last: last},
		{Name: "orders", Cron: "@daily", TZ: "UTC", Report: "calls", Period: "yesterday", Format: "csv", Lines: []string{"orders"}},
	}, nil
}

func (s *scheduled) Run(_ context.Context, name, actor string) ([]string, error) {
	s.ran = append(s.ran, name+" by "+actor)
	switch name {
	case "weekly":
		return []string{"/srv/weekly.pdf"}, nil
	case "orders":
		return nil, errors.New("the mail server said no")
	}
	return nil, deliver.ErrUnknown
}

func TestScheduledReportsAreListedAndRun(t *testing.T) {
	t.Parallel()
	s := &scheduled{}
	o := newOffice(t, func(o *staff.Options) { o.Schedules = s })
	o.hire("admin")
	o.hire("supervisor", func(p *people.Person) { p.Lines = []string{"orders"} })
	admin, supervisor := o.as("admin"), o.as("supervisor")
	for _, language := range []string{"en", "de"} {
		admin.header.Set("Accept-Language", language)
		got := admin.get("/schedules")
		require.Equal(t, http.StatusOK, got.status)
		assert.Contains(t, got.text, "mail server away")
		assert.Contains(t, got.text, `data-schedule="orders"`)
	}
	theirs := supervisor.get("/schedules").text
	assert.NotContains(t, theirs, `data-schedule="weekly"`, "it has lines that they do not see")
	assert.Contains(t, theirs, `data-schedule="orders"`)
	assert.NotContains(t, theirs, "/run")
	assert.Equal(t, http.StatusForbidden, supervisor.post("/schedules/orders/run").status)
	admin.header.Del("Accept-Language")
	assert.Contains(t, admin.post("/schedules/weekly/run").text, "/srv/weekly.pdf")
	failed := admin.post("/schedules/orders/run")
	assert.Equal(t, http.StatusBadGateway, failed.status)
	assert.Contains(t, failed.text, "the mail server said no")
	assert.Equal(t, http.StatusNotFound, admin.post("/schedules/none/run").status)
	assert.Equal(t, []string{"weekly by admin", "orders by admin", "none by admin"}, s.ran)
}
