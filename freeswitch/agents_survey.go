package freeswitch

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/internal/retry"
	"countersign/queue"
)

// surveys asks the server what it has, at once and then again and again, until the connection fails.
func (w *agentWatch) surveys(ctx context.Context) error {
	for {
		if err := w.survey(ctx); err != nil {
			return fmt.Errorf("ask what calls there are: %w", err)
		}
		if err := retry.Pause(ctx, w.every); err != nil {
			return err
		}
	}
}

// survey asks the server for the channels of followed callers, for those that ring, and for those they talk to. It
// costs two lists, and a command for each telephone that is not known yet.
func (w *agentWatch) survey(ctx context.Context) error {
	s := queue.Survey{Server: w.server.Address, Began: time.Now(), Alive: map[string]bool{}}
	callers, legs := w.Desk.Followed(s.Server)
	if len(callers) == 0 { // the connection is alive, at least
		_, err := w.api(ctx, "hostname")
		return err
	}
	channels, err := w.list(ctx, "channels")
	if err != nil {
		return err
	}
	for _, row := range channels {
		s.Alive[row["uuid"]] = true
	}
	known := map[string]bool{}
	for _, channel := range append(callers, legs...) {
		known[channel] = true
		if s.Alive[channel] {
			continue
		}
		// The list may be a moment behind.
		there, err := w.api(ctx, "uuid_exists "+channel)
		if err != nil {
			return err
		}
		if strings.TrimSpace(there) == "true" {
			s.Alive[channel] = true
		}
	}
	if err := w.surveyRinging(ctx, &s, channels); err != nil {
		return err
	}
	if err := w.surveyTalking(ctx, &s, callers, known); err != nil {
		return err
	}
	w.Desk.Survey(s)
	return nil
}

// surveyRinging looks at every telephone that FreeSWITCH calls and that has not answered.
func (w *agentWatch) surveyRinging(ctx context.Context, s *queue.Survey, channels []map[string]string) error {
	for _, row := range channels {
		if row["direction"] != "outbound" || row["callstate"] == "ACTIVE" || row["callstate"] == "HELD" {
			continue
		}
		e, err := w.dump(ctx, row["uuid"])
		if err != nil {
			return err
		}
		for _, seen := range e.rings() {
			if r, ok := seen.(queue.Rings); ok && !r.Relay {
				s.Rings = append(s.Rings, r)
			}
		}
	}
	return nil
}

// surveyTalking finds whom the callers talk to. Of a conversation that is known, FreeSWITCH is not asked who it is.
func (w *agentWatch) surveyTalking(ctx context.Context, s *queue.Survey, callers []string, known map[string]bool) error {
	calls, err := w.list(ctx, "bridged_calls")
	if err != nil {
		return err
	}
	partner := map[string]string{}
	for _, row := range calls {
		partner[row["uuid"]], partner[row["b_uuid"]] = row["b_uuid"], row["uuid"]
	}
	for _, caller := range callers {
		leg := partner[caller]
		if leg == "" {
			continue
		}
		talk := queue.Talk{Caller: caller, With: queue.Side{Channel: leg}}
		if !known[leg] {
			e, err := w.dump(ctx, leg)
			if err != nil {
				return err
			}
			talk.With = e.side()
			talk.With.Channel = leg
			if age, ok := e.bridgedFor(); ok {
				talk.Since = time.Now().Add(-age)
			}
			if e.isLoopback() {
				continue // a telephone is behind it, or nobody
			}
		}
		s.Talks = append(s.Talks, talk)
	}
	return nil
}

// bridgedFor is how long the channel talks, by FreeSWITCH's own clock.
func (e agentEvent) bridgedFor() (time.Duration, bool) {
	now, err1 := strconv.ParseInt(e["Event-Date-Timestamp"], 10, 64)
	began, err2 := strconv.ParseInt(e["Caller-Channel-Bridged-Time"], 10, 64)
	if err1 != nil || err2 != nil || began <= 0 || began > now {
		return 0, false
	}
	return time.Duration(now-began) * time.Microsecond, true
}

// list is a list of "show". Its rows hold text.
func (w *agentWatch) list(ctx context.Context, of string) ([]map[string]string, error) {
	text, err := w.api(ctx, "show "+of+" as json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Rows []map[string]string `json:"rows"`
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("show %s: FreeSWITCH says %.120q", of, text)
	}
	return list.Rows, nil
}

// dump are the headers of a channel; none if it is gone.
func (w *agentWatch) dump(ctx context.Context, channel string) (agentEvent, error) {
	if !isUUID(channel) {
		return agentEvent{}, nil
	}
	text, err := w.api(ctx, "uuid_dump "+channel)
	if err != nil || strings.HasPrefix(text, "-ERR") {
		return agentEvent{}, err
	}
	return readAgentEvent(text), nil
}
