package web

import (
	"net/http"
	"time"

	"countersign/session/event"
	"countersign/web/live"
)

// boardCall is a call of now, without persons.
type boardCall struct {
	Call    string       `json:"call"`
	Line    string       `json:"line"`
	Started time.Time    `json:"started"`
	Phase   live.Phase   `json:"phase"`
	Step    string       `json:"step,omitempty"`
	Status  event.Status `json:"status,omitempty"`
	Level   int          `json:"level"`
	Agent   string       `json:"agent,omitempty"`
}

type boardAlarm struct {
	At   time.Time `json:"at"`
	Line string    `json:"line"`
	event.Alarm
}

// board is what goes on now: calls, and the alarms of the last day.
func (a *api) board(w http.ResponseWriter, r *http.Request) error {
	if a.Live == nil {
		return unavailable("This machine follows no calls.", nil)
	}
	line := r.URL.Query().Get("line")
	ours := func(l string) bool { return line == "" || l == line }
	calls, alarms := []boardCall{}, []boardAlarm{}
	for _, c := range a.Live.Select(func(c live.Call) bool { return ours(c.Line) && c.Phase() != live.Over }) {
		calls = append(calls, boardCall{
			Call: c.ID, Line: c.Line, Started: c.Started, Phase: c.Phase(), Step: c.Step(), Status: c.Status, Level: c.Level,
			Agent: c.CurrentAgent(),
		})
	}
	for _, x := range a.Live.Alarms(ours) {
		if a.Now().Sub(x.At) <= 24*time.Hour {
			alarms = append(alarms, boardAlarm{x.At, x.Line, x.Alarm})
		}
	}
	return answer(w, http.StatusOK, map[string]any{"calls": calls, "alarms": alarms})
}
