package staff

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/bus"
	"countersign/session/shared"
	"countersign/store/audit"
)

// historyPage is the versions of a line, and two of them compared.
type historyPage struct {
	Line string
	// All are the versions, newest first; the first is in force unless it is a removal.
	All []shared.LineVersion
	// Published is the version that was published just now, or 0.
	Published int
	// A and B are compared; nil if none are.
	A, B    *shared.LineVersion
	Changes changes
	Text    []textRow
}

func (p *Pages) lineHistory(w http.ResponseWriter, r *http.Request) error {
	inForce, _, err := p.theLine(r)
	if err != nil {
		return err
	}
	shown := historyPage{Line: inForce.Name}
	if shown.All, err = p.LineSettings.Book.History(r.Context(), inForce.Name); err != nil {
		return p.peopleError(err)
	}
	query := r.URL.Query()
	shown.Published, _ = strconv.Atoi(query.Get("published"))
	for i := range shown.All {
		switch v := &shown.All[i]; strconv.Itoa(v.Version) {
		case query.Get("a"):
			shown.A = v
		case query.Get("b"):
			shown.B = v
		}
	}
	if shown.A != nil && shown.B != nil {
		shown.Changes, shown.Text = differences(shown.A.YAML, shown.B.YAML), compareTexts(shown.A.YAML, shown.B.YAML)
	}
	return p.show(w, r, "line_history", shown)
}

// returnLine puts an earlier version in force again, as a new one.
func (p *Pages) returnLine(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	inForce, _, err := p.theLine(r)
	if err != nil {
		return err
	}
	to, _ := strconv.Atoi(r.PostForm.Get("version"))
	base, err := strconv.Atoi(r.PostForm.Get("base"))
	if err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	v, err := p.version(r.Context(), inForce.Name, to)
	switch {
	case err != nil:
		return err
	case v.Version == 0 || v.Removed:
		return refuse(http.StatusNotFound, "version_unknown")
	case base != inForce.Version:
		return refuse(http.StatusConflict, "line_changed_meanwhile", inForce.Version, inForce.Author)
	}
	plan, problems, err := p.plan(r, inForce, v.YAML)
	switch {
	case err != nil:
		return err
	case len(problems) > 0:
		return refuse(http.StatusConflict, "version_unusable", problems[0].Text)
	case plan.Same:
		return refuse(http.StatusConflict, "version_in_force")
	}
	reason := strings.TrimSpace(r.PostForm.Get("reason"))
	if reason == "" {
		return refuse(http.StatusUnprocessableEntity, "reason_missing")
	}
	return p.changeVersion(w, r, audit.LineRolledBack, inForce, v.YAML, bus.Change{
		Comment: reason, ExpectedVersion: inForce.Version, RolledBackTo: v.Version, Summary: plan.Changes,
	})
}

// textRow is a row of two texts that are compared.
type textRow struct {
	// Mark is "+" for a row of the second text alone, "-" for one of the first, and " " for one of both.
	Mark, Text string
}

// comparedMost is how many pairs of rows are compared, each of 8 bytes. Where more differ, all of both are shown.
const comparedMost = 4 << 20

// compareTexts compares two texts row by row. Rows that both have are shown near a difference only.
func compareTexts(a, b string) (rows []textRow) {
	x, y := strings.Split(strings.TrimSuffix(a, "\n"), "\n"), strings.Split(strings.TrimSuffix(b, "\n"), "\n")
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		rows = append(rows, textRow{" ", x[0]})
		x, y = x[1:], y[1:]
	}
	var end []textRow // what both end with
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		end = append(end, textRow{" ", x[len(x)-1]})
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	slices.Reverse(end)
	if (len(x)+1)*(len(y)+1) > comparedMost {
		for _, row := range x {
			rows = append(rows, textRow{"-", row})
		}
		for _, row := range y {
			rows = append(rows, textRow{"+", row})
		}
		return nearDifferences(append(rows, end...))
	}
	// The length of the longest common part of what follows each pair of rows.
	common := make([][]int, len(x)+1)
	for i := range common {
		common[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			rows = append(rows, textRow{" ", x[i]})
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			rows = append(rows, textRow{"-", x[i]})
			i++
		default:
			rows = append(rows, textRow{"+", y[j]})
			j++
		}
	}
	return nearDifferences(append(rows, end...))
}

// nearRows is how many rows are shown around a difference.
const nearRows = 3

func nearDifferences(rows []textRow) (near []textRow) {
	for i, r := range rows {
		for j := max(0, i-nearRows); j <= min(len(rows)-1, i+nearRows); j++ {
			if rows[j].Mark != " " {
				near = append(near, r)
				break
			}
		}
	}
	return near
}
