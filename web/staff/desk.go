package staff

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/session"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/live"
	"countersign/web/people"
)

// deskKeeps is how long calls stay on an agent's screen after their end.
const deskKeeps = time.Hour

// deskPage is an agent's screen.
type deskPage struct {
	// Agents are the agent's telephones; without any, no call is theirs.
	Agents []string
	Now    []deskCall // ringing and talking
	Missed []live.Mine
	Done   []live.Mine
	// Due are callbacks that the agent may take, Callbacks those that they have.
	Due, Callbacks []deskCallback
}

// deskCall is a call on an agent's screen.
type deskCall struct {
	live.Mine
	// Why says what is known of the caller and how, Do what that means for the agent.
	Why, Do  string
	Warnings []string
	// Again are the questions that were asked in mid-call.
	Again []live.Call
	// Levels are those that the caller can be asked for.
	Levels []session.Level
}

// Open says whether the agent may see who the caller is: not before they have the call.
func (c deskCall) Open() bool { return c.State != live.StateRinging && c.State != live.StateMissed }

func (p *Pages) desk(w http.ResponseWriter, r *http.Request) error {
	if p.Live == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	seen, err := p.Book.Get(r.Context(), who.ID)
	if err != nil {
		return p.peopleError(err)
	}
	shown := p.page(r, nil)
	desk := deskPage{Agents: who.Agents}
	desk.Due, desk.Callbacks = p.deskCallbacks(who)
	for _, mine := range p.Live.Mine(who.Agents, p.Now().Add(-deskKeeps)) {
		switch mine.State {
		case live.StateMissed:
			if mine.With.Ended.After(seen.Seen) {
				desk.Missed = append(desk.Missed, mine)
			}
		case live.StateDone:
			desk.Done = append(desk.Done, mine)
		default:
			desk.Now = append(desk.Now, p.deskCall(r.Context(), shown, mine))
		}
	}
	shown.Data = desk
	return p.write(w, r, http.StatusOK, "desk", shown)
}

func (p *Pages) deskCall(ctx context.Context, shown page, mine live.Mine) deskCall {
	c := deskCall{Mine: mine, Again: p.Live.Again(mine.ID)}
	c.Why, c.Do = shown.why(mine.Call), p.do(shown, mine.Call)
	c.Warnings = p.warnings(ctx, shown, c)
	if mine.State == live.StateTalking && mine.Customer != "" && mine.Proof == "" && p.StepUps != nil {
		for level := max(session.Verified, session.Level(mine.Level+1)); level <= session.Strong; level++ {
			c.Levels = append(c.Levels, level)
		}
	}
	return c
}

// seen marks all missed calls as seen.
func (p *Pages) seen(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	_, err := p.Book.Change(r.Context(), who.ID, func(q *people.Person) error {
		q.Seen = p.Now().UTC()
		return nil
	})
	if err != nil {
		return p.peopleError(err)
	}
	return done(w, r)
}

// stepUp asks the caller of the agent's own call for more proof.
func (p *Pages) stepUp(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	id := r.PathValue("call")
	if !p.talks(who, id) {
		return refuse(http.StatusNotFound, "not_your_call")
	}
	level := session.Verified
	if r.PostForm.Get("level") == "3" {
		level = session.Strong
	}
	if p.StepUps == nil {
		return refuse(http.StatusServiceUnavailable, "no_telephone_system")
	}
	switch err := p.StepUps.StepUp(r.Context(), id, level); {
	case errors.Is(err, session.ErrUnknownCall):
		return refuse(http.StatusNotFound, "not_your_call")
	case errors.Is(err, session.ErrNotBridged):
		return refuse(http.StatusConflict, "not_connected")
	case errors.Is(err, session.ErrSwitchUnavailable), errors.Is(err, context.DeadlineExceeded):
		p.Log.Warn("step-up not begun", "call", id, "err", err)
		return refuse(http.StatusServiceUnavailable, "no_telephone_system")
	case err != nil:
		return err
	}
	p.note(r, who.ID, audit.StepUpAsked, "call "+id, "")
	return done(w, r)
}

// talks says whether the person talks on that call now.
func (p *Pages) talks(who access.Who, id string) bool {
	if p.Live == nil {
		return false
	}
	for _, mine := range p.Live.Mine(who.Agents, p.Now()) {
		if mine.ID == id {
			return mine.State == live.StateTalking
		}
	}
	return false
}
