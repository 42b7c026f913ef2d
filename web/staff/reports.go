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
	"countersign/web/access"
)

// reportsPage lists the reports.
type reportsPage struct{ Names []string }

// reportPage is a report.
type reportPage struct {
	Name, Title string
	Period      string
	Said        string // the period in words
	Line        string
	Lines       []string
	By          []string
	Sections    []string
	Compare     bool
	Compares    bool
	Numbers     []number
	Table       table
	Notes       []string
	Counted     *time.Time
	Formats     []format
	// Hidden: counts under five are not shown to this person.
	Hidden bool
}

type number struct{ Title, Value, Share string }

type format struct {
	Name render.Format
	URL  string
}

// table is a report's rows in words.
type table struct {
	Columns []reports.Column
	Rows    []tableRow
	More    bool
}

type tableRow struct{ Cells []cell }

type cell struct {
	Text   string
	Number bool
	// Call is the id of the call that the cell names, or "".
	Call string
}

const rowsShown = 500

func tableOf(made *reports.Report, limit int) (t table, err error) {
	rows, err := made.Collect(limit + 1)
	if err != nil {
		return t, err
	}
	if len(rows) > limit {
		rows, t.More = rows[:limit], true
	}
	t.Columns = made.Columns
	for _, row := range rows {
		var shown tableRow
		for i, c := range made.Columns {
			one := cell{Text: made.Shown(row, i), Number: c.Kind != reports.Text && c.Kind != reports.Time}
			if c.Key == "call" {
				one.Call, _ = row[i].(string)
			}
			shown.Cells = append(shown.Cells, one)
		}
		t.Rows = append(t.Rows, shown)
	}
	return t, nil
}

func (p *Pages) reports(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, "reports", reportsPage{Names: shownReports()})
}

// shownReports are all but the calls, which have a page of their own.
func shownReports() []string {
	return slices.DeleteFunc(reports.Names(), func(n string) bool { return n == "calls" })
}

// few is the smallest count that is shown to those who may not see persons.
const few = 5

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	name := r.PathValue("name")
	if !slices.Contains(reports.Names(), name) || name == "calls" && !who.MaySeePersons() {
		return refuse(http.StatusNotFound, "no_report")
	}
	query, err := p.query(r, name)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	hide := !who.MaySeePersons()
	if wanted := values.Get("format"); wanted != "" {
		return p.download(w, r, name, render.Format(wanted), query, hide)
	}
	shown := reportPage{
		Name: name, Period: periodName(values), Line: values.Get("line"),
		Lines: p.linesOf(who), By: query.By, Sections: reports.Sections(name), Compare: query.Compare,
		Compares: reports.Compares(name), Hidden: hide,
	}
	err = p.read(r.Context(), name, query, func(made *reports.Report) error {
		if hide {
			hideFew(made)
		}
		shown.Title, shown.Notes, shown.Counted = made.Title, made.Notes, made.Counted
		shown.Said = made.Period.Say(query.Language)
		for _, n := range made.Numbers {
			one := number{Title: n.Title, Value: made.ShownValue(n.Value)}
			if n.Share != nil {
				one.Share = made.ShownValue(n.Share) + " %"
			}
			shown.Numbers = append(shown.Numbers, one)
		}
		shown.Table, err = tableOf(made, rowsShown)
		return err
	})
	if err != nil {
		return p.reportError(err)
	}
	for _, f := range render.Formats() {
		if f == render.Table {
			continue
		}
		link := url.URL{Path: r.URL.Path}
		withFormat := r.URL.Query()
		withFormat.Set("format", string(f))
		link.RawQuery = withFormat.Encode()
		shown.Formats = append(shown.Formats, format{f, link.String()})
	}
	return p.show(w, r, "report", shown)
}

// hideFew takes the counts of fewer than five out of a report, with the shares in the same row that would give them
// away.
func hideFew(made *reports.Report) {
	counts := func(row reports.Row) bool {
		for i, c := range made.Columns {
			if n, ok := row[i].(int64); ok && c.Kind == reports.Count && n > 0 && n < few {
				return true
			}
		}
		return false
	}
	rows := made.Rows
	made.Rows = func(yield func(reports.Row, error) bool) {
		for row, err := range rows {
			if err == nil && counts(row) {
				row = slices.Clone(row)
				for i, c := range made.Columns {
					if c.Kind != reports.Text && c.Kind != reports.Time {
						row[i] = nil
					}
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
	for i, n := range made.Numbers {
		if v, ok := n.Value.(int64); ok && v > 0 && v < few {
			made.Numbers[i].Value, made.Numbers[i].Share = nil, nil
		}
	}
}

var mediaTypes = map[render.Format]string{
	render.CSV: "text/csv; charset=utf-8", render.JSON: "application/json", render.PDF: "application/pdf",
	render.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// download writes a report as a file.
func (p *Pages) download(
	w http.ResponseWriter, r *http.Request, name string, f render.Format, query reports.Query, hide bool,
) error {
	kind, ok := mediaTypes[f]
	if !ok {
		return refuse(http.StatusNotFound, "no_format")
	}
	var out bytes.Buffer
	err := p.read(r.Context(), name, query, func(made *reports.Report) error {
		if hide {
			hideFew(made)
		}
		return render.Print(&out, made, f, render.Terminal{})
	})
	if err != nil {
		return p.reportError(err)
	}
	who, _ := access.From(r.Context())
	p.note(r, who.ID, "exported", "report "+name, string(f))
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
