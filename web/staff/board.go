package staff

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/live"
	"countersign/web/walls"
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
	// Line and Phase are what is shown of all, "" for everything; Lines are those that can be, on a whole page.
	Line, Phase string
	Lines       []string
	// Query is the part of the address that says so.
	Query string
	// Calls are those of now; More is how many more there are.
	Calls []live.Call
	More  int
	// Counts of now, by phase.
	Asking, Waiting, Ringing, Talking int
	// Of the last hour, decided calls.
	Hour   hour
	Funnel []funnelStep
	Queues []live.Queue
	Agents []live.AgentState
	// NoAgents: agents are not shown to this person.
	NoAgents bool
	// Trend is nil without reports.
	Trend *trendChart
	// Alarms, each with the version of the line that was published shortly before.
	Alarms []boardAlarm
	// Last is the time of the last event of these calls.
	Last time.Time
	// Walls are the paired screens that the person may revoke; MayPair says whether they may pair some.
	Walls   []walls.Wall
	MayPair bool
	// Frames is how many the last hour has; 0 where it is not shown.
	Frames int
	// Wall: it is shown on a wall.
	Wall *walls.Wall
}

// hour counts the decided calls of an hour.
type hour struct{ Calls, Verified, Identified, None int }

// Percent is the share of n in percent, rounded; 0 without calls.
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

// phases are those that the board can be filtered by.
var phases = []live.Phase{live.Asking, live.Waiting, live.Ringing, live.Talking}

func (p *Pages) board(w http.ResponseWriter, r *http.Request) error {
	if p.Live == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	line, phase := r.URL.Query().Get("line"), r.URL.Query().Get("phase")
	if !slices.Contains(phases, live.Phase(phase)) {
		phase = ""
	}
	lines, err := wantedLines(who, line)
	if err != nil {
		return err
	}
	shown := p.page(r, nil)
	if !isPart(r) {
		if shown.Data, err = p.wholeBoard(r, who, line, phase); err != nil {
			return err
		}
		return p.write(w, r, http.StatusOK, "board", shown)
	}
	key := fmt.Sprint(strings.Join(lines, "\x00"), "\x01", line, "\x01", phase, who.MaySeePersons(), shown.Language)
	body, err := p.kept.get(time.Now(), key, func() ([]byte, error) {
		b, err := p.phaseBoard(r, who, line, phase)
		if err != nil {
			return nil, err
		}
		return rendered("board", "part", shown.With(b))
	})
	if err != nil {
		return err
	}
	p.send(w, r, http.StatusOK, shown.Language, body)
	return nil
}

// phaseBoard is the board of the calls in a phase, or of all.
func (p *Pages) phaseBoard(r *http.Request, who access.Who, line, phase string) (b boardPage, err error) {
	if b, err = p.boardOf(r, who, line); err != nil {
		return b, err
	}
	if b.Phase = phase; phase != "" {
		b.Calls = slices.DeleteFunc(b.Calls, func(c live.Call) bool { return string(c.Phase()) != phase })
		b.Query = boardQuery(line, phase)
	}
	if !who.MaySeePersons() {
		b.hidePersons()
	}
	b.cut()
	return b, nil
}

// wholeBoard has what changes with no call, too.
func (p *Pages) wholeBoard(r *http.Request, who access.Who, line, phase string) (b boardPage, err error) {
	if b, err = p.phaseBoard(r, who, line, phase); err != nil {
		return b, err
	}
	b.Lines, b.Frames = p.linesOf(who), live.HourFrames
	b.MayPair = p.Walls != nil && who.MaySeePersons()
	if b.Walls, err = p.wallsOf(r.Context(), who); err != nil {
		p.Log.Warn("paired screens not shown", "err", err)
	}
	return b, nil
}

// seesLine says which lines somebody sees on a board of one line, or of all.
func (p *Pages) seesLine(who access.Who, line string) func(string) bool {
	return func(l string) bool { return who.Sees(l) && (line == "" || l == line) }
}

// boardOf is the board of what somebody sees of a line, or of all.
func (p *Pages) boardOf(r *http.Request, who access.Who, line string) (boardPage, error) {
	lines, err := wantedLines(who, line)
	if err != nil {
		return boardPage{}, err
	}
	b := p.callsOf(p.seesLine(who, line))
	b.Line, b.Query = line, boardQuery(line, "")
	b.Trend = p.trend(r.Context(), lines, !who.MaySeePersons(), language(who, r))
	return b, nil
}

// callsOf is what the calls of some lines tell.
func (p *Pages) callsOf(sees func(line string) bool) (b boardPage) {
	now := p.Now()
	all := p.Live.Select(func(c live.Call) bool { return sees(c.Line) })
	for _, c := range all {
		b.count(c, now)
	}
	slices.Reverse(b.Calls) // who waits longest comes first
	b.Funnel = funnelOf(all, now.Add(-boardHour))
	b.Queues, b.Agents = live.Queues(all, now)
	for _, a := range p.Live.Alarms(sees) {
		if now.Sub(a.At) > alarmsKept {
			continue
		}
		cause, _ := p.Live.Before(a.Line, a.At, causeWithin)
		b.Alarms = append(b.Alarms, boardAlarm{a, cause})
	}
	return b
}

func boardQuery(line, phase string) string {
	values := url.Values{}
	if line != "" {
		values.Set("line", line)
	}
	if phase != "" {
		values.Set("phase", phase)
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

func (b *boardPage) count(c live.Call, now time.Time) {
	if c.Updated.After(b.Last) {
		b.Last = c.Updated
	}
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

func (b *boardPage) cut() {
	if over := len(b.Calls) - boardCalls; over > 0 {
		b.Calls, b.More = b.Calls[:boardCalls], over
	}
}

// hidePersons leaves out who calls and which agent it is.
func (b *boardPage) hidePersons() {
	for i := range b.Calls {
		c := &b.Calls[i]
		c.Customer, c.Name, c.PopURL, c.Start.CallerLast4 = "", "", "", ""
		c.Agents = slices.Clone(c.Agents)
		for n := range c.Agents { // that there is one says where the call is
			c.Agents[n].Agent = "–"
		}
	}
	b.Agents, b.NoAgents = nil, len(b.Agents) > 0
}

// LineURL is the board of a line, PhaseURL that of the calls in a phase.
func (b boardPage) LineURL(line string) string { return "/board" + boardQuery(line, b.Phase) }

// PhaseURL is documented at LineURL.
func (b boardPage) PhaseURL(phase string) string { return "/board" + boardQuery(b.Line, phase) }

// phaseNumber is how many calls are in a phase, and the address of the board of these.
type phaseNumber struct {
	Phase string
	N     int
	URL   string
}

// Number is one of the numbers of now.
func (b boardPage) Number(phase string, n int) phaseNumber {
	number := phaseNumber{Phase: phase, N: n}
	if b.Wall == nil {
		number.URL = b.PhaseURL(phase)
	}
	return number
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
