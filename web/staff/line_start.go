package staff

import (
	"net/http"
	"strconv"
	"strings"

	"countersign/bus"
	"countersign/lines/change"
	"countersign/lines/staged"
	"countersign/session/shared"
	"countersign/store/audit"
)

// startPage is how a version does that begins with a share of the calls.
type startPage struct {
	InForce shared.LineVersion
	Tally   staged.Tally
	// Known: this machine counts the calls.
	Known       bool
	Differences []staged.Difference
}

// Shares are those that a version can begin with.
func (page) Shares() []int { return []int{1, 5, 10, 25, 50} }

// More are the shares above the one of now.
func (s startPage) More() (all []int) {
	for _, n := range (page{}).Shares() {
		if n > s.InForce.Staged.Percent {
			all = append(all, n)
		}
	}
	return all
}

func (p *Pages) lineStart(w http.ResponseWriter, r *http.Request) error {
	inForce, _, err := p.theLine(r)
	if err != nil {
		return err
	}
	shown := startPage{InForce: inForce}
	if inForce.Staged != nil && p.LineSettings.Tally != nil {
		if shown.Tally, shown.Known = p.LineSettings.Tally(inForce.Name); shown.Known {
			shown.Differences = shown.Tally.Differences(inForce.Staged.Bounds)
		}
	}
	return p.show(w, r, "line_start", shown)
}

// changeStart changes the share of the calls that a version has: more of them, all, or none, which returns to the version
// before.
func (p *Pages) changeStart(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	inForce, _, err := p.theLine(r)
	if err != nil {
		return err
	}
	reason, share := strings.TrimSpace(r.PostForm.Get("reason")), r.PostForm.Get("share")
	switch at := inForce.Staged; {
	case at == nil:
		return refuse(http.StatusConflict, "start_over")
	case r.PostForm.Get("base") != strconv.Itoa(inForce.Version):
		return refuse(http.StatusConflict, "line_changed_meanwhile", inForce.Version, inForce.Author)
	case reason == "":
		return refuse(http.StatusUnprocessableEntity, "reason_missing")
	}
	text, action := inForce.YAML, audit.LineApplied
	put := bus.Change{
		Comment: reason, ExpectedVersion: inForce.Version,
		Summary: []string{"share: " + strconv.Itoa(inForce.Staged.Percent) + "% → " + share},
	}
	switch share {
	case "all":
	case "none":
		text, action, put.RolledBackTo = inForce.Staged.BeforeYAML, audit.LineRolledBack, inForce.Staged.Before
	default:
		n, err := strconv.Atoi(share)
		if err != nil {
			return refuse(http.StatusBadRequest, "bad_form")
		}
		ch := &change.Change{Line: inForce.Name, Text: text}
		if put.Staged, err = change.Stage(inForce, ch, n, inForce.Staged.Bounds); err != nil {
			return refuse(http.StatusBadRequest, "start_refused", err.Error())
		}
	}
	return p.changeVersion(w, r, action, inForce, text, put)
}

// stagedOf reads with which share of the calls a draft is published; nil for all.
func stagedOf(r *http.Request, inForce shared.LineVersion, plan *change.Change) (*shared.Staged, error) {
	share := r.PostForm.Get("share")
	if share == "" || share == "all" {
		return nil, nil
	}
	n, err := strconv.Atoi(share)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "bad_form")
	}
	bounds := change.UsualBounds
	for name, to := range map[string]*float64{
		"unverified": &bounds.Unverified, "abandoned": &bounds.Abandoned, "errors": &bounds.Errors,
	} {
		if text := strings.Replace(r.PostForm.Get("bound_"+name), ",", ".", 1); text != "" {
			if *to, err = strconv.ParseFloat(text, 64); err != nil {
				return nil, refuse(http.StatusBadRequest, "bad_form")
			}
		}
	}
	s, err := change.Stage(inForce, plan, n, bounds)
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, "start_refused", err.Error())
	}
	return s, nil
}

// UsualBounds are the bounds of a start.
func (page) UsualBounds() shared.Bounds { return change.UsualBounds }
