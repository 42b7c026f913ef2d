package staff

import (
	"net/http"

	"countersign/reports"
)

// priceDays is of how many days the price of a question is.
const priceDays = 30

// questionPrice is what a question costs callers.
type questionPrice struct{ reports.Price }

// Percent is a share in percent.
func (questionPrice) Percent(share float64) int { return int(100*share + 0.5) }

// prices are what the questions of a line cost, by step; none if the reports cannot be read, or are not kept here.
func (p *Pages) prices(r *http.Request, line string) map[string]*questionPrice {
	if p.Reports == nil {
		return nil
	}
	now := p.Now()
	found, err := p.Reports.Prices(r.Context(), line, reports.Period{From: now.AddDate(0, 0, -priceDays), To: now})
	if err != nil {
		p.Log.Debug("the prices of questions are not known", "line", line, "err", err)
		return nil
	}
	all := map[string]*questionPrice{}
	for step, one := range found {
		all[step] = &questionPrice{one}
	}
	return all
}

// StepOf is the step that an entry of a form is.
func (linePage) StepOf(kind, name string) string {
	if name != "" {
		return name
	}
	return kind
}
