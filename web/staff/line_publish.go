package staff

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/draft"
	"countersign/lines/whatif"
	"countersign/reports"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
	"countersign/web/access"
)

// evidenceDays is how far back the calls may be on which a draft is tried.
const evidenceDays = 90

// publishPage is what a draft would change, and what it would have done to the line's last calls.
type publishPage struct {
	linePage
	Evidence *evidence
	// NoEvidence: the calls cannot be read.
	NoEvidence bool
	Reason     string
	// Second: somebody else has to publish it.
	Second bool
}

// evidence is what a draft would have done to recorded calls.
type evidence struct {
	whatif.Summary
	// Of is how many calls the line had.
	Of int64
	// More are verified now and were not before, Less the other way round. Elsewhere change in another way; what becomes
	// of the Doubtful cannot be known.
	More, Less, Elsewhere, Doubtful evidenceCalls
	// Shorter is the mean number of seconds that calls are shorter by, of those that can be known.
	Shorter float64
}

// evidenceCalls are the calls of one kind.
type evidenceCalls struct {
	N      int
	Listed []whatif.Result
}

func (e *evidenceCalls) add(r whatif.Result) {
	if e.N++; len(e.Listed) < triedListed {
		e.Listed = append(e.Listed, r)
	}
}

// collect is called with each result.
func (e *evidence) collect(r whatif.Result) {
	e.Add(r)
	if r.Verdict == whatif.Unknown {
		e.Doubtful.add(r)
		return
	}
	known := float64(e.Calls - e.Unknown)
	e.Shorter += (r.Shorter - e.Shorter) / known
	was, is := r.Before.Status == event.StatusVerified, r.After.Status == event.StatusVerified
	switch {
	case r.Verdict != whatif.Changed:
	case is && !was:
		e.More.add(r)
	case was && !is:
		e.Less.add(r)
	default:
		e.Elsewhere.add(r)
	}
}

// Verified is how many more calls are verified.
func (e evidence) Verified() int { return e.More.N - e.Less.N }

// LongerBy is the mean number of seconds that calls are longer.
func (e evidence) LongerBy() float64 { return -e.Shorter }

func (p *Pages) publishForm(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.theLine(r)
	if err != nil {
		return err
	}
	shown, err := p.publishPage(r, inForce, d)
	if err != nil {
		return err
	}
	return p.show(w, r, "line_publish", shown)
}

func (p *Pages) publishPage(r *http.Request, inForce shared.LineVersion, d draft.Draft) (shown publishPage, err error) {
	l, err := p.linePage(r, inForce, d)
	if err != nil {
		return shown, err
	}
	who, _ := access.From(r.Context())
	shown = publishPage{linePage: l, Second: p.needsTwo() && slices.Contains(d.Authors, who.ID)}
	if len(l.Problems) > 0 || d.Text == inForce.YAML {
		return shown, nil
	}
	def, err := lines.Parse("line", []byte(d.Text))
	if err != nil {
		return shown, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), triedWithin)
	defer cancel()
	shown.Evidence, err = p.evidence(ctx, def)
	if err != nil {
		p.Log.Warn("a draft was not tried on calls", "line", def.Line, "err", err)
		shown.NoEvidence = true
	}
	return shown, nil
}

// evidence tries a draft on the last calls of its line.
func (p *Pages) evidence(ctx context.Context, def *lines.Definition) (*evidence, error) {
	if p.WhatIf == nil || p.Journey == nil || p.Reports == nil {
		return nil, errors.New("this machine has no calls to try it on")
	}
	now := p.Now()
	query := reports.Query{
		Period: reports.Period{From: now.AddDate(0, 0, -evidenceDays), To: now.Add(time.Minute)},
		Lines:  []string{def.Line}, Limit: triedCalls,
	}
	e := &evidence{}
	of, err := p.tryEach(ctx, def, query, e.collect)
	var none *reports.UnknownError
	if errors.As(err, &none) { // the line has had no calls yet
		return e, nil
	}
	e.Of = of
	return e, err
}

// publish puts a draft in force.
func (p *Pages) publish(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.postedDraft(w, r)
	if err != nil {
		return err
	}
	have, err := p.LineSettings.Drafts.Get(r.Context(), d.Line)
	if err != nil && !errors.Is(err, draft.ErrNone) {
		return p.peopleError(err)
	}
	if have.Revision != d.Revision || have.Text == "" { // it is published as it was seen
		return p.showConflict(w, r, inForce, d, have)
	}
	d.Text = have.Text
	if who, _ := access.From(r.Context()); p.needsTwo() && slices.Contains(have.Authors, who.ID) {
		return refuse(http.StatusForbidden, "second_person_needed")
	}
	reason := strings.TrimSpace(r.PostForm.Get("reason"))
	plan, problems, err := p.plan(r, inForce, d.Text)
	if err != nil {
		return err
	}
	if len(problems) > 0 || reason == "" {
		shown, err := p.publishPage(r, inForce, have)
		if err != nil {
			return err
		}
		page := p.page(r, shown)
		if len(problems) == 0 {
			page.Problem = page.T("reason_missing")
		}
		return p.write(w, r, http.StatusUnprocessableEntity, "line_publish", page)
	}
	put := bus.Change{Comment: reason, ExpectedVersion: d.Base, Summary: plan.Changes}
	if put.Staged, err = stagedOf(r, inForce, plan); err != nil {
		return err
	}
	made, err := p.putLine(r, d.Line, d.Text, put)
	var conflict *bus.ConflictError
	if errors.As(err, &conflict) {
		return p.showOvertaken(w, r, conflict.Have, have)
	}
	if err != nil {
		return err
	}
	p.noteLine(r, audit.LineApplied, inForce, made)
	if err := p.LineSettings.Drafts.Discard(r.Context(), have); err != nil {
		p.Log.Warn("the draft of a published line was not removed", "line", d.Line, "err", err)
	}
	toVersion(w, r, made)
	return nil
}

// changeVersion puts a version in force that was made from the one in force, not from a draft.
func (p *Pages) changeVersion(
	w http.ResponseWriter, r *http.Request, action string, inForce shared.LineVersion, text string, c bus.Change,
) error {
	made, err := p.putLine(r, inForce.Name, text, c)
	var conflict *bus.ConflictError
	if errors.As(err, &conflict) {
		return refuse(http.StatusConflict, "line_changed_meanwhile", conflict.Have.Version, conflict.Have.Author)
	}
	if err != nil {
		return err
	}
	p.noteLine(r, action, inForce, made)
	toVersion(w, r, made)
	return nil
}

// toVersion leads to a version that was put in force just now.
func toVersion(w http.ResponseWriter, r *http.Request, made shared.LineVersion) {
	to := lineURL(made.Name, "history") + "?published=" + strconv.Itoa(made.Version)
	if made.Staged != nil {
		to = lineURL(made.Name, "start")
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (p *Pages) needsTwo() bool { return p.LineSettings.NeedsTwo != nil && p.LineSettings.NeedsTwo() }

// putLine writes a version of a line in the name of who is signed in. One that is written and not announced is written.
func (p *Pages) putLine(r *http.Request, line, text string, c bus.Change) (shared.LineVersion, error) {
	who, _ := access.From(r.Context())
	c.Author = who.ID
	made, err := p.LineSettings.Book.Put(r.Context(), line, text, c)
	var conflict *bus.ConflictError
	switch {
	case errors.Is(err, bus.ErrNotAnnounced):
		p.Log.Warn("a line is in force and its event was not published", "line", line, "err", err)
		return made, nil
	case err != nil && !errors.As(err, &conflict):
		p.Log.Error("line not written", "line", line, "err", err)
		return made, refuse(http.StatusServiceUnavailable, "line_not_written")
	}
	return made, err
}

func (p *Pages) noteLine(r *http.Request, action string, before, after shared.LineVersion) {
	who, _ := access.From(r.Context())
	p.note(r, who.ID, action, "line "+after.Name, "version "+strconv.Itoa(before.Version)+" → "+strconv.Itoa(after.Version))
}

// showOvertaken shows that the line has another version in force than the draft was made from.
func (p *Pages) showOvertaken(w http.ResponseWriter, r *http.Request, now shared.LineVersion, d draft.Draft) error {
	base, err := p.version(r.Context(), d.Line, d.Base)
	if err != nil {
		return err
	}
	shown := linePage{
		InForce: now, Draft: d, Theirs: differences(base.YAML, now.YAML), Ours: differences(base.YAML, d.Text),
	}
	return p.write(w, r, http.StatusConflict, "line_overtaken", p.page(r, shown))
}

// version is a version of a line from its history; the zero one if it is not kept any more.
func (p *Pages) version(ctx context.Context, line string, number int) (shared.LineVersion, error) {
	all, err := p.LineSettings.Book.History(ctx, line)
	if err != nil && !errors.Is(err, shared.ErrNotFound) {
		return shared.LineVersion{}, p.peopleError(err)
	}
	for _, v := range all {
		if v.Version == number {
			return v, nil
		}
	}
	return shared.LineVersion{}, nil
}

// rebase keeps the draft, and makes it a draft of the version in force now: whoever does so has seen what both changed.
func (p *Pages) rebase(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.postedDraft(w, r)
	if err != nil {
		return err
	}
	if seen := r.PostForm.Get("seen"); seen != strconv.Itoa(inForce.Version) {
		return p.showOvertaken(w, r, inForce, d)
	}
	d.Base = inForce.Version
	return p.keepDraft(w, r, inForce, d, "line")
}
