package staff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/words"
	"countersign/store/audit"
	"countersign/web/access"
)

// Reports make reports.
type Reports interface {
	// Read is reports.Reader.Read, as are the others. ErrNoReports: nothing was counted yet.
	Read(ctx context.Context, name string, q reports.Query, print func(*reports.Report) error) error
	Trend(ctx context.Context, q reports.TrendQuery) (reports.Trend, error)
	Benefits(ctx context.Context, q reports.BenefitsQuery) (reports.Benefits, error)
	Prices(ctx context.Context, line string, p reports.Period) (map[string]reports.Price, error)
}

// ErrNoReports: there are no reports yet.
var ErrNoReports = reports.ErrNoReports

// reportsPage lists the reports.
type reportsPage struct{ Names []string }

// reportPage is a report.
type reportPage struct {
	asked
	Name, Title string
	Said        string // the period in words
	Zone        string
	By          []string
	Sections    []string
	Compare     bool
	Compares    bool
	Numbers     []number
	Chart       *chart
	Table       table
	SQL         []string
	Notes       []string
	Counted     *time.Time
	Formats     []format
	// Rounded: counts are rounded for this person.
	Rounded bool
	// Empty says why there is nothing to show: "nothing_counted", "not_yet", "behind" or "no_calls"; "" if there is.
	Empty string
}

type number struct{ Title, Value, Share, URL string }

type format struct {
	Name render.Format
	URL  string
}

const rowsShown = 500

func (p *Pages) reports(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, "reports", reportsPage{Names: shownReports()})
}

// shownReports are all but the calls, which have a page of their own.
func shownReports() []string {
	return slices.DeleteFunc(reports.Names(), func(n string) bool { return n == "calls" })
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	name, wanted := r.PathValue("name"), r.URL.Query().Get("format")
	switch {
	case name == "benefits": // no report of rows
		return p.benefits(w, r)
	case !slices.Contains(reports.Names(), name) || name == "calls" && !who.MaySeePersons():
		return refuse(http.StatusNotFound, "no_report")
	case name == "calls" && wanted == "":
		http.Redirect(w, r, (&url.URL{Path: "/calls", RawQuery: r.URL.RawQuery}).String(), http.StatusSeeOther)
		return nil
	}
	query, err := p.query(r, name)
	if err != nil {
		return err
	}
	if wanted != "" {
		return p.download(w, r, name, render.Format(wanted), query)
	}
	shown := reportPage{
		asked: p.asked(r), Name: name, By: query.By, Sections: reports.Sections(name), Compare: query.Compare,
		Compares: reports.Compares(name), Rounded: query.Rounded, Formats: formatsOf(r, r.URL.Path),
	}
	var calls func(reports.Trace) string
	if who.MaySeePersons() {
		calls = func(t reports.Trace) string { return callsURL(t, shown.Line) }
	}
	err = p.read(r.Context(), name, query, func(made *reports.Report) error {
		return shown.fill(made, calls, p.Now())
	})
	if err != nil {
		return p.reportError(err)
	}
	return p.show(w, r, "report", shown)
}

// fill takes what the page shows from the report.
func (shown *reportPage) fill(made *reports.Report, calls func(reports.Trace) string, now time.Time) error {
	shown.Title, shown.Notes, shown.Counted, shown.SQL = made.Title, made.Notes, made.Counted, made.SQL
	shown.Said, shown.Zone = made.Period.Say(made.Language), made.Period.Zone()
	for _, n := range made.Numbers {
		one := number{Title: n.Title, Value: made.ShownValue(n.Value)}
		if n.Share != nil {
			one.Share = made.ShownValue(n.Share) + " %"
		}
		if trace, ok := made.TraceNumber(n); ok && calls != nil {
			one.URL = calls(trace)
		}
		shown.Numbers = append(shown.Numbers, one)
	}
	rows, more, err := rowsOf(made, rowsShown)
	if err != nil {
		return err
	}
	shown.Empty = emptyBecause(made, len(rows) == 0 || len(made.Numbers) > 0 && made.Numbers[0].Value == int64(0), now)
	shown.Chart, shown.Table = chartOf(made, rows), tableOf(made, rows, calls)
	shown.Table.More = more
	return nil
}

// behindAfter is how much of a period may be missing: events take a moment to be counted.
const behindAfter = 2 * time.Minute

// emptyBecause tells a quiet period from one of which nothing is known.
func emptyBecause(made *reports.Report, empty bool, now time.Time) string {
	end := made.Period.To
	if end.After(now) {
		end = now
	}
	switch {
	case !empty:
		return ""
	case made.Counted == nil:
		return "nothing_counted"
	case made.Period.From.After(now):
		return "not_yet"
	case made.Counted.Before(end.Add(-behindAfter)):
		return "behind"
	}
	return "no_calls"
}

// formatsOf are the addresses of a report as a file.
func formatsOf(r *http.Request, path string) (all []format) {
	for _, f := range render.Formats() {
		if f != render.Table {
			all = append(all, format{f, with(r, path, "format", string(f))})
		}
	}
	return all
}

var mediaTypes = map[render.Format]string{
	render.CSV: "text/csv; charset=utf-8", render.JSON: "application/json", render.PDF: "application/pdf",
	render.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// download writes a report as a file.
func (p *Pages) download(
	w http.ResponseWriter, r *http.Request, name string, f render.Format, query reports.Query,
) error {
	kind, ok := mediaTypes[f]
	if !ok {
		return refuse(http.StatusNotFound, "no_format")
	}
	query.Older = reports.Place{} // a file has all
	var out bytes.Buffer
	err := p.read(r.Context(), name, query, func(made *reports.Report) error {
		return render.Print(&out, made, f, render.Terminal{})
	})
	if err != nil {
		return p.reportError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, audit.Exported, "report "+name, fmt.Sprintf("%s, %s", f, query.Period))
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.%s"`, name,
		query.Period.From.Format(time.DateOnly), f))
	_, _ = w.Write(out.Bytes())
	return nil
}

func (p *Pages) read(ctx context.Context, name string, q reports.Query, print func(*reports.Report) error) error {
	if p.Reports == nil {
		return ErrNoReports
	}
	return p.Reports.Read(ctx, name, q, print)
}

// reportError is an error of a report as a person sees it.
func (p *Pages) reportError(err error) error {
	var unknown *reports.UnknownError
	switch {
	case errors.Is(err, ErrNoReports):
		return refuse(http.StatusServiceUnavailable, "no_reports")
	case errors.As(err, &unknown):
		return refuse(http.StatusNotFound, "no_such", unknown.What, unknown.Name)
	case errors.Is(err, reports.ErrNotRounded):
		return refuse(http.StatusBadRequest, "only_days")
	case errors.Is(err, reports.ErrUneven), errors.Is(err, reports.ErrNothingToCompare):
		return refuse(http.StatusBadRequest, "bad_period")
	}
	return err
}

// PeriodText is a period in words.
func (p page) PeriodText(w reports.PeriodWord) string { return p.T("period_" + string(w)) }

// ReportTitle is a report's title.
func (p page) ReportTitle(name string) string { return p.T("report_" + name) }

// SectionText is what a report is divided by.
func (p page) SectionText(by string) string { return p.Word(words.Sections, by) }

// Chosen says whether the section was asked for.
func (p reportPage) Chosen(by string) bool { return slices.Contains(p.By, by) }
