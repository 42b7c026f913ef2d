package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"countersign/reports"
)

// benefitsPart is a part of the calls, with its figures. What cannot be known is missing.
type benefitsPart struct {
	Part    string              `json:"part,omitempty"`
	Numbers map[string]*float64 `json:"numbers"`
}

// benefits is what Countersign brings, with the assumptions of the settings.
func (a *api) benefits(w http.ResponseWriter, r *http.Request) error {
	if a.Reports == nil {
		return unavailable(noReports, nil)
	}
	q, err := a.query(r, "summary", []string{"period", "from", "to", "line", "version"})
	if err != nil {
		return err
	}
	assumed := a.Benefits()
	asked := reports.BenefitsQuery{Period: q.Period, Lines: q.Lines, SelfService: assumed.SelfService}
	if text := r.URL.Query().Get("version"); text != "" {
		if asked.Version, err = strconv.Atoi(text); err != nil || asked.Version < 1 || len(q.Lines) != 1 {
			return badRequest("version is a version of the one line that is asked for: the calls before it and from it on.")
		}
	}
	got, err := a.Reports.Benefits(r.Context(), asked)
	if errors.Is(err, reports.ErrNoReports) {
		return unavailable(noReports, nil)
	}
	if err != nil {
		return unavailable("The reports cannot be read now. Try again.", err)
	}
	parts := []benefitsPart{}
	for _, p := range got.Parts {
		f := p.Figures(assumed)
		parts = append(parts, benefitsPart{p.Name, map[string]*float64{
			"calls": known(p.Calls), "verified": known(p.Verified), "contained": known(p.Contained), "abandoned": known(p.Abandoned),
			"verified_seconds": known(p.VerifiedSeconds), "seconds": known(p.Seconds), "taken_off_seconds": known(f.TakenOffSeconds),
			"saved": known(f.Saved), "cost": known(f.Cost), "net": known(f.Net), "cost_of_verified": known(f.CostOfVerified),
		}})
	}
	return answer(w, http.StatusOK, map[string]any{
		"from": q.Period.From, "to": q.Period.To, "currency": assumed.Currency, "parts": parts,
	})
}

// known is a figure for JSON; nil if it is not known.
func known(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}
