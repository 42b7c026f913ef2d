package staff

import (
	"net/http"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/live"
)

// Bounds of the board.
const (
	boardCalls = 200
	boardHour  = time.Hour
	alarmsKept = 24 * time.Hour
	// causeWithin is how long before an alarm a new version of its line is worth naming.
	causeWithin = 30 * time.Minute
)

// boardPage is what goes on now.
type boardPage struct {
	// Line is the line that is shown, "" for all; Lines are those that can be.
	Line  string
	Lines []string
	// Calls are those of now; More is how many more there are.
	Calls []live.Call
	More  int
	// Counts of now, by phase.
	Asking, Waiting, Ringing, Talking int
	// Of the last hour, decided calls.
	Hour hour
	// Alarms, each with the version of the line that was published shortly before.
	Alarms []boardAlarm
}

// hour counts the decided calls of an hour.
type hour struct{ Calls, Verified, Identified, None int }

// Percent is the share of n in percent, rounded; ok is false without calls.
func (h hour) Percent(n int) int {
	if h.Calls == 0 {
		return 0
	}
	return (100*n + h.Calls/2) / h.Calls
}

type boardAlarm struct {
	live.Alarm
	Cause live.Change
}

func (p *Pages) board(w http.ResponseWriter, r *http.Request) error {
	if p.Live == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	line := r.URL.Query().Get("line")
	sees := func(l string) bool { return who.Sees(l) && (line == "" || l == line) }
	b := boardPage{Line: line, Lines: p.linesOf(who)}
	for _, c := range p.Live.Select(func(c live.Call) bool { return sees(c.Line) }) {
		b.count(c, p.Now())
	}
	slices.Reverse(b.Calls) // who waits longest comes first
	if over := len(b.Calls) - boardCalls; over > 0 {
		b.Calls, b.More = b.Calls[:boardCalls], over
	}
	if !who.MaySeePersons() {
		for i := range b.Calls {
			b.Calls[i].Customer, b.Calls[i].Name = "", ""
		}
	}
	for _, a := range p.Live.Alarms(sees) {
		if p.Now().Sub(a.At) > alarmsKept {
			continue
		}
		cause, _ := p.Live.Before(a.Line, a.At, causeWithin)
		b.Alarms = append(b.Alarms, boardAlarm{a, cause})
	}
	return p.show(w, r, "board", b)
}

func (b *boardPage) count(c live.Call, now time.Time) {
	if !c.Decided.IsZero() && now.Sub(c.Decided) <= boardHour {
		b.Hour.Calls++
		switch c.Status {
		case event.StatusVerified:
			b.Hour.Verified++
		case event.StatusIdentified:
			b.Hour.Identified++
		default:
			b.Hour.None++
		}
	}
	switch c.Phase() {
	case live.Asking:
		b.Asking++
	case live.Waiting:
		b.Waiting++
	case live.Ringing:
		b.Ringing++
	case live.Talking:
		b.Talking++
	default:
		return
	}
	b.Calls = append(b.Calls, c)
}

// linesOf are the lines that somebody may see.
func (p *Pages) linesOf(who access.Who) (lines []string) {
	if p.Lines == nil {
		return nil
	}
	for _, l := range p.Lines() {
		if who.Sees(l) {
			lines = append(lines, l)
		}
	}
	return lines
}
