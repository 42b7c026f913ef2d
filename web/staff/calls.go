package staff

import (
	"net/http"
	"strings"
	"time"

	"countersign/reports"
	"countersign/web/query"
)

// callsPage lists calls.
type callsPage struct {
	asked
	Filter reports.Filter
	// Filters are those in words that have no field; Clear is the address without them.
	Filters []string
	Clear   string
	Of      int64
	Table   table
	SQL     []string
	// Counted and Empty are as in reportPage.
	Counted *time.Time
	Empty   string
	// Older are the next calls of the list, First is its beginning; "" if there are none.
	Older, First string
	Formats      []format
	// WhatIf is the address to try a line on these calls.
	WhatIf string
}

// callsShown is how many calls a page has.
const callsShown = 100

// withField are the parts of the address of /calls that the form has fields for.
var withField = []string{"status", "caller", "customer", "clock_from", "clock_to"}

func (p *Pages) calls(w http.ResponseWriter, r *http.Request) error {
	query, err := p.query(r, "calls")
	if err != nil {
		return err
	}
	query.Limit = callsShown
	c := callsPage{asked: p.asked(r, withField...), Filter: query.Calls, Formats: formatsOf(r, "/reports/calls")}
	err = p.read(r.Context(), "calls", query, func(made *reports.Report) error {
		rows, _, err := rowsOf(made, callsShown)
		if err != nil {
			return err
		}
		c.Of, c.SQL, c.Counted, c.Filters = made.Of, made.SQL, made.Counted, made.Filters
		c.Empty = emptyBecause(made, len(rows) == 0, p.Now())
		c.Table = tableOf(made, rows, nil)
		c.page(r, made, rows, query.Older != reports.Place{})
		return nil
	})
	if err != nil {
		return p.reportError(err)
	}
	if len(c.Kept) > 0 {
		c.Clear = "/calls?" + cleared(r)
	}
	if p.WhatIf != nil && c.Of > 0 {
		c.WhatIf = with(r, "/what-if", "older", "")
	}
	return p.show(w, r, "calls", c)
}

// page sets the addresses of the other pages of the list.
func (c *callsPage) page(r *http.Request, made *reports.Report, rows []reports.Row, inside bool) {
	if len(rows) == callsShown {
		last := rows[len(rows)-1]
		place := reports.Place{}
		for i, column := range made.Columns {
			switch column.Key {
			case "started":
				at, _ := last[i].(time.Time)
				place.Started = at.UnixMilli()
			case "call":
				place.Call, _ = last[i].(string)
			}
		}
		c.Older = with(r, "/calls", "older", placeText(place))
	}
	if inside {
		c.First = with(r, "/calls", "older", "")
	}
}

// cleared is the query without what has no field.
func cleared(r *http.Request) string {
	values := r.URL.Query()
	for _, name := range query.CallNames() {
		values.Del(name)
	}
	values.Del("older")
	return values.Encode()
}

// FilterText are the filters in words.
func (c callsPage) FilterText() string { return strings.Join(c.Filters, " · ") }
