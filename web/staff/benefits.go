package staff

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/reports"
	"countersign/reports/words"
	"countersign/web/access"
	"countersign/web/query"
)

// benefitsPage is what Countersign brings, in figures.
type benefitsPage struct {
	asked
	Said string
	// Assumptions are those of the address, or else of the settings.
	reports.Assumptions
	// Split and Version divide the calls, as in the address.
	Split, Version string
	Rounded        bool
	Counted        *time.Time
	Empty          string
	SQL            []string
	Parts          []benefitsColumn
	Destinations   []destination
	Versions       []lineVersion
}

// benefitsColumn are the figures of one part, in words.
type benefitsColumn struct {
	Name                                                                           string
	Calls, Verified, VerifiedPercent, Contained, ContainedPercent                  string
	Abandoned, AbandonedPercent, PerCall, TakenOff, Saved, Cost, Net, CostVerified string
	CostAgent                                                                      string
}

type destination struct {
	Name, Calls string
	Chosen      bool
}

type lineVersion struct {
	Number     int
	First      time.Time
	Calls, URL string
	Chosen     bool
}

func (p *Pages) benefits(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	values := r.URL.Query()
	query, err := p.query(r, "benefits")
	if err != nil {
		return err
	}
	if p.Reports == nil {
		return p.reportError(ErrNoReports)
	}
	b := benefitsPage{
		asked: p.asked(r), Said: query.Period.Say(query.Language), Rounded: query.Rounded, Split: values.Get("split"),
		Version: values.Get("version"),
	}
	if b.Assumptions, err = assumptionsOf(values, p.Benefits()); err != nil {
		return err
	}
	asked := reports.BenefitsQuery{
		Period: query.Period, Lines: query.Lines, SelfService: b.SelfService, Rounded: query.Rounded,
	}
	if asked.Split, asked.Version, err = divided(b.Split, b.Version, b.Line); err != nil {
		return err
	}
	got, err := p.Reports.Benefits(r.Context(), asked)
	if err != nil {
		return p.reportError(err)
	}
	b.fill(got, language(who, r))
	for i, v := range b.Versions {
		b.Versions[i].URL = with(r, "/reports/benefits", "version", strconv.Itoa(v.Number))
		b.Versions[i].Chosen = v.Number == asked.Version
	}
	none := !slices.ContainsFunc(got.Parts, func(part reports.BenefitsPart) bool { return part.Calls != 0 })
	b.Empty = emptyBecause(&reports.Report{Period: query.Period, Counted: got.Counted}, none, p.Now())
	return p.show(w, r, "benefits", b)
}

// assumptionsOf are those of an address; what it does not name is as in the settings.
func assumptionsOf(values url.Values, a reports.Assumptions) (reports.Assumptions, error) {
	for name, to := range map[string]*float64{
		"agent_cost": &a.AgentCostPerMinute, "line_cost": &a.LineCostPerMinute, "agent_seconds": &a.AgentSeconds,
	} {
		text := strings.ReplaceAll(values.Get(name), ",", ".")
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v < 0 || v > 1e6 || math.IsNaN(v) {
			return a, refuse(http.StatusBadRequest, "bad_rate")
		}
		*to = v
	}
	if values.Has("chosen") { // the form was sent: none is none
		a.SelfService = values["self_service"]
	}
	if len(a.SelfService) > 100 {
		return a, refuse(http.StatusBadRequest, "bad_form")
	}
	return a, nil
}

// divided reads what the calls are divided by.
func divided(split, version, line string) (at time.Time, number int, err error) {
	if version != "" {
		if number, err = strconv.Atoi(version); err != nil || number < 1 || line == "" {
			return at, 0, refuse(http.StatusBadRequest, "bad_version")
		}
		return at, number, nil
	}
	if split == "" {
		return at, 0, nil
	}
	for _, layout := range []string{query.FormTime, time.DateOnly, time.RFC3339} {
		if at, err = time.ParseInLocation(layout, split, time.Local); err == nil {
			return at.In(time.Local), 0, nil
		}
	}
	return at, 0, refuse(http.StatusBadRequest, "bad_period")
}

func (b *benefitsPage) fill(got reports.Benefits, l words.Language) {
	b.Counted, b.SQL = got.Counted, []string{got.SQL}
	number := func(v float64, digits int) string {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "–"
		}
		return l.Number(strconv.FormatFloat(v, 'f', digits, 64))
	}
	money := func(v float64, digits int) string {
		text := number(v, digits)
		if b.Currency != "" && text != "–" {
			text += " " + b.Currency
		}
		return text
	}
	for _, part := range got.Parts {
		f := part.Figures(b.Assumptions)
		c := benefitsColumn{
			Name: part.Name, Calls: number(part.Calls, 0), Verified: number(part.Verified, 0),
			VerifiedPercent: number(f.VerifiedPercent, 1), Contained: number(part.Contained, 0),
			ContainedPercent: number(f.ContainedPercent, 1), Abandoned: number(part.Abandoned, 0),
			AbandonedPercent: number(f.AbandonedPercent, 1), PerCall: number(f.PerCall, 1),
			TakenOff: number(f.TakenOffSeconds/3600, 1), Saved: money(f.Saved, 2), Cost: money(f.Cost, 2),
			Net: money(f.Net, 2), CostVerified: money(f.CostOfVerified, 3), CostAgent: money(f.CostOfAgent, 3),
		}
		if len(b.SelfService) == 0 {
			c.Contained = "–"
		}
		b.Parts = append(b.Parts, c)
	}
	for _, d := range got.Destinations {
		b.Destinations = append(b.Destinations, destination{d.Name, reports.Shown(d.Calls), slices.Contains(b.SelfService, d.Name)})
	}
	for _, v := range got.Versions {
		b.Versions = append(b.Versions, lineVersion{Number: v.Number, First: v.First, Calls: reports.Shown(v.Calls)})
	}
}

// Rate is a rate for its field; "" if it is not known.
func (b benefitsPage) Rate(v float64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
