package staff

import (
	"encoding/json"
	"net/http"
	"time"

	"countersign/reports/words"
	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/live"
)

// hourChart is the last hour, to be replayed.
type hourChart struct {
	From   time.Time `json:"from"`
	Frame  int64     `json:"frame_ms"`
	Frames int       `json:"frames"`
	// Series are numbers for each frame, with their names in words.
	Series []series `json:"series"`
	// Steps are the calls in each step.
	Steps []series `json:"steps"`
	// Most is the highest number of calls of all frames.
	Most int `json:"most"`
}

type series struct {
	Key  string `json:"key"`
	Name string `json:"name,omitempty"`
	All  []int  `json:"all"`
}

const stepsReplayed = 12

func (p *Pages) hourChart(sees func(string) bool) *hourChart {
	h := p.Live.Hour(func(c live.Call) bool { return sees(c.Line) })
	out := &hourChart{From: h.From, Frame: h.Frame.Milliseconds(), Frames: len(h.Phases[live.Asking])}
	for _, phase := range phases {
		out.Series = append(out.Series, series{Key: string(phase), All: h.Phases[phase]})
	}
	for _, s := range []event.Status{event.StatusVerified, event.StatusIdentified, event.StatusNone} {
		out.Series = append(out.Series, series{Key: string(s), All: h.Decided[s]})
	}
	for _, name := range h.StepNames() {
		if len(out.Steps) < stepsReplayed {
			out.Steps = append(out.Steps, series{Key: name, All: h.Steps[name]})
		}
	}
	for i := range out.Frames {
		out.Most = max(out.Most, h.Phases[live.Asking][i]+h.Phases[live.Waiting][i]+h.Phases[live.Ringing][i]+h.Phases[live.Talking][i])
	}
	return out
}

// Last is the number of the last frame.
func (h *hourChart) Last() int { return h.Frames - 1 }

// boardHour answers GET /board/hour: the last hour in frames, as JSON for the script that replays it.
func (p *Pages) boardHour(w http.ResponseWriter, r *http.Request) error {
	if p.Live == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	shown := p.page(r, nil)
	h := p.hourChart(p.seesLine(who, r.URL.Query().Get("line")))
	for i, s := range h.Series {
		if i < len(phases) {
			h.Series[i].Name = shown.T(s.Key)
		} else {
			h.Series[i].Name = shown.T("status_" + s.Key)
		}
	}
	for i, s := range h.Steps {
		h.Steps[i].Name = shown.Word(words.Steps, s.Key)
	}
	body, err := json.Marshal(h)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return nil
}
