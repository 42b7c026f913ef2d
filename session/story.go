package session

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"countersign/session/event"
)

// story is what the log's last line of a call tells, so that one line is enough to know what happened.
type story struct {
	steps []string
	to    string
}

// note takes what an event adds.
func (t *story) note(data event.Data) {
	switch d := data.(type) {
	case event.StepFinished:
		if text := told(d); text != "" {
			t.steps = append(t.steps, text)
		}
	case event.Routed:
		t.to = d.Destination
	}
}

// told is a step in words; nothing of a step that only played something.
func told(d event.StepFinished) string {
	m, _ := MethodOf(event.Method(d.Step))
	if d.Result == event.StepPassed && len(d.Attempts) == 0 && !m.Identifies {
		return ""
	}
	var more []string
	if d.Reason != "" {
		more = append(more, string(d.Reason))
	}
	if n := len(d.Attempts); n > 1 {
		more = append(more, fmt.Sprint(n, " attempts"))
	}
	text := d.Step + " " + string(d.Result)
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return text
}

// end writes the last line of a call.
func (t *story) end(ctx context.Context, log *slog.Logger, channel string, step string, e event.CallEnded) {
	if !log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	methods := make([]string, len(e.Methods))
	for i, m := range e.Methods {
		methods[i] = string(m)
	}
	log.InfoContext(ctx, "call ends", "end", e.End, "status", e.Status, "level", e.Level, "reason", e.Reason, "step", step,
		"methods", strings.Join(methods, ","), "steps", strings.Join(t.steps, ", "), "to", t.to, "cause", e.Cause,
		"took", time.Duration(e.Milliseconds)*time.Millisecond, "channel", channel)
}
