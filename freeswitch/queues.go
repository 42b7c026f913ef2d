package freeswitch

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/waiting"
)

// QueueOptions are what WatchQueues needs. Log is optional.
type QueueOptions struct {
	// Servers are the FreeSWITCH machines, Queues the queues of mod_callcenter.
	Servers []Server
	Queues  []string
	// See takes what a server says of a queue.
	See func(server, queue string, s waiting.State)
	Log *slog.Logger
}

const (
	// queuesEvery is how often a server is asked, whatever the load.
	queuesEvery = time.Second
	// queuesWithin bounds one answer: a state that is older than a few seconds is of no use.
	queuesWithin = 5 * time.Second
)

// WatchQueues asks each server for the state of the queues until ctx ends. A server that does not answer is asked again
// and again.
func WatchQueues(ctx context.Context, o QueueOptions) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var all sync.WaitGroup
	for _, s := range o.Servers {
		all.Go(func() { watchQueues(ctx, o, s) })
	}
	all.Wait()
}

func watchQueues(ctx context.Context, o QueueOptions, s Server) {
	server := NewInbound(s)
	defer server.Close()
	said := ""
	for {
		problem := ""
		for _, name := range o.Queues {
			state, err := queueState(ctx, server, name)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				problem = err.Error()
			default:
				o.See(s.Address, name, state)
			}
		}
		if problem != said {
			if said = problem; problem == "" {
				o.Log.Info("queues are watched", "server", s.Address)
			} else {
				o.Log.Warn("the state of queues is not known", "server", s.Address, "why", problem)
			}
		}
		if retry.Pause(ctx, queuesEvery) != nil {
			return
		}
	}
}

// queueState asks a server for a queue.
func queueState(ctx context.Context, server *Inbound, name string) (s waiting.State, err error) {
	ctx, cancel := context.WithTimeout(ctx, queuesWithin)
	defer cancel()
	agents, err := server.API(ctx, "callcenter_config queue list agents "+name)
	if err != nil {
		return s, err
	}
	members, err := server.API(ctx, "callcenter_config queue list members "+name)
	if err != nil {
		return s, err
	}
	now := time.Now()
	for _, a := range listed(agents) {
		if !onDuty(a) {
			continue
		}
		s.OnDuty++
		if a["state"] == "Waiting" && !after(a["ready_time"], now) && !wrapsUp(a, now) {
			s.Free++
		}
	}
	for _, m := range listed(members) {
		if m["state"] == "Waiting" || m["state"] == "Trying" {
			s.Waiting++
			if joined, ok := unixTime(m["joined_epoch"]); ok && (s.First.IsZero() || joined.Before(s.First)) {
				s.First = joined
			}
		}
	}
	return s, nil
}

// onDuty says whether an agent takes calls, now or when the present one is over (mod_callcenter.c: agent status and state).
func onDuty(a map[string]string) bool {
	return (a["status"] == "Available" || a["status"] == "Available (On Demand)") && a["state"] != "Idle"
}

// wrapsUp says whether an agent is still busy with the call before.
func wrapsUp(a map[string]string, now time.Time) bool {
	ended, ok := unixTime(a["last_bridge_end"])
	var pause int64
	_, err := fmt.Sscan(a["wrap_up_time"], &pause)
	return ok && err == nil && ended.Add(time.Duration(pause)*time.Second).After(now)
}

func after(unix string, now time.Time) bool {
	at, ok := unixTime(unix)
	return ok && at.After(now)
}

func unixTime(text string) (time.Time, bool) {
	var n int64
	if _, err := fmt.Sscan(text, &n); err != nil || n <= 0 {
		return time.Time{}, false
	}
	return time.Unix(n, 0), true
}

// listed reads a list of FreeSWITCH's: a line of names, then a line each, separated by bars, and +OK.
func listed(text string) (rows []map[string]string) {
	var names []string
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "" || strings.HasPrefix(line, "+OK"):
		case names == nil:
			names = strings.Split(line, "|")
		default:
			row := map[string]string{}
			for i, value := range strings.Split(line, "|") {
				if i < len(names) {
					row[names[i]] = value
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}
