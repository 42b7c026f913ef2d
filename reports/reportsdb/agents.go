package reportsdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// agentFact is a row of agent_data.
type agentFact struct {
	seq                        int
	fact                       event.Fact
	at                         time.Time
	agent, queue, via, reason  string
	waitedMs, rangMs, talkedMs int64
}

// agentFactOf is false for other events.
func agentFactOf(e event.Event) (f agentFact, ok bool) {
	f = agentFact{seq: e.Seq, fact: e.Fact(), at: e.Time}
	switch d := e.Data.(type) {
	case event.AgentOffered:
		f.agent, f.queue, f.via, f.waitedMs = d.Agent, d.Queue, string(d.Via), d.WaitedMilliseconds
	case event.AgentConnected:
		f.agent, f.queue, f.via = d.Agent, d.Queue, string(d.Via)
		f.waitedMs, f.rangMs = d.WaitedMilliseconds, d.RangMilliseconds
	case event.AgentMissed:
		f.agent, f.queue, f.via, f.reason, f.rangMs = d.Agent, d.Queue, string(d.Via), string(d.Reason), d.RangMilliseconds
	case event.AgentDone:
		f.agent, f.queue, f.via, f.reason = d.Agent, d.Queue, string(d.Via), string(d.End)
		f.waitedMs, f.talkedMs = d.WaitedMilliseconds, d.TalkedMilliseconds
	default:
		return agentFact{}, false
	}
	return f, true
}

// agentSums is what agents did with a call in all.
type agentSums struct {
	agent, queue   string
	answered       bool
	waitMs, talkMs int64
	missed         int64
	gaveUp         bool
}

// ownFaults are the reasons for a missed call that are the agent's or their telephone's.
var ownFaults = []string{
	string(event.MissedNoAnswer), string(event.MissedBusy), string(event.MissedRejected), string(event.MissedUnreachable),
	string(event.MissedFailed),
}

// sumAgents adds up facts, which are in order.
func sumAgents(facts []agentFact) (s agentSums) {
	for _, f := range facts {
		switch f.fact {
		case event.FactAgentConnected:
			if !s.answered {
				s.agent, s.queue, s.waitMs, s.answered = f.agent, f.queue, f.waitedMs, true
			}
		case event.FactAgentMissed:
			if slices.Contains(ownFaults, f.reason) {
				s.missed++
			}
		case event.FactAgentDone:
			s.talkMs += f.talkedMs
			s.gaveUp = s.gaveUp || f.reason == string(event.AgentEndAbandoned)
			if s.queue == "" {
				s.queue = f.queue
			}
		}
	}
	return s
}

// callRow is what the sums need to know of a call in the database.
type callRow struct {
	line    string
	started int64
	counted bool
	// anonymous: it is so old that it says nothing about persons any more.
	anonymous bool
}

// applyAgents counts what agents did with a call. row is nil while its start is not known; fresh says that it was not
// until now, so that nothing of its agents is counted yet.
func applyAgents(
	ctx context.Context, tx *sql.Tx, call string, row *callRow, fresh bool, more []agentFact, sums *sums,
) (added int, err error) {
	if len(more) == 0 && !fresh {
		return 0, nil
	}
	known, err := agentFacts(ctx, tx, call)
	if err != nil {
		return 0, err
	}
	all := slices.Clone(known)
	for _, f := range more {
		at, found := slices.BinarySearchFunc(all, f.seq, func(f agentFact, seq int) int { return f.seq - seq })
		if found {
			continue
		}
		if row != nil && row.anonymous {
			f.agent = ""
		}
		all, added = slices.Insert(all, at, f), added+1
		if err := f.write(ctx, tx, call); err != nil {
			return 0, err
		}
	}
	if row == nil || len(all) == 0 || added == 0 && !fresh {
		return added, nil
	}
	before, after := sumAgents(known), sumAgents(all)
	if fresh {
		before = agentSums{}
	}
	sums.addAgents(*row, before, -1)
	sums.addAgents(*row, after, 1)
	return added, after.write(ctx, tx, call)
}

func agentFacts(ctx context.Context, tx *sql.Tx, call string) (facts []agentFact, err error) {
	err = eachRow(ctx, tx, func(row *sql.Rows) error {
		var f agentFact
		var at int64
		err := row.Scan(&f.seq, &f.fact, &at, &f.agent, &f.queue, &f.via, &f.reason, &f.waitedMs, &f.rangMs, &f.talkedMs)
		f.at = time.UnixMilli(at)
		facts = append(facts, f)
		return err
	}, `SELECT seq, fact, at, coalesce(agent, ''), coalesce(queue, ''), coalesce(via, ''), coalesce(reason, ''),
		coalesce(waited_ms, 0), coalesce(rang_ms, 0), coalesce(talked_ms, 0) FROM agent_data WHERE call = ? ORDER BY seq`,
		call)
	return facts, err
}

func (f agentFact) write(ctx context.Context, tx *sql.Tx, call string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO agent_data (call, seq, fact, at, agent, queue, via, reason, waited_ms,
		rang_ms, talked_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, call, f.seq, string(f.fact), f.at.UnixMilli(),
		sqlite.Text(f.agent), sqlite.Text(f.queue), sqlite.Text(f.via), sqlite.Text(f.reason), f.waitedMs, f.rangMs,
		f.talkedMs)
	return err
}

// write puts the sums into the row of the call.
func (s agentSums) write(ctx context.Context, tx *sql.Tx, call string) error {
	var wait, talk sql.NullInt64
	if s.answered {
		wait = number(s.waitMs)
	}
	if s.answered || s.talkMs > 0 { // the fact that it was answered may have been lost
		talk = number(s.talkMs)
	}
	_, err := tx.ExecContext(ctx, `UPDATE call_data SET (agent, queue, agent_wait_ms, talk_ms, agent_missed, gave_up) =
		(?, ?, ?, ?, ?, ?) WHERE call = ?`, sqlite.Text(s.agent), sqlite.Text(s.queue), wait, talk, s.missed, s.gaveUp, call)
	return err
}

// addAgents adds to the tallies of a call of its own.
func (s *sums) addAgents(row callRow, a agentSums, sign int64) {
	if !row.counted || a == (agentSums{}) {
		return
	}
	for _, width := range []int64{dayWidth, quarterWidth} {
		to := at(s.tallies, tallyKey{width, bucket(row.started, width), row.line})
		if a.answered {
			to[tallyAnswered] += sign
		}
		if a.gaveUp {
			to[tallyGaveUp] += sign
		}
		to[tallyAgentMissed] += sign * a.missed
		to[tallyAgentWaitMs] += sign * a.waitMs
		to[tallyTalkMs] += sign * a.talkMs
	}
}

// expireAgents removes who got the calls that began before a time from up to so many of them.
func expireAgents(ctx context.Context, tx *sql.Tx, calls string, args ...any) error {
	if _, err := tx.ExecContext(ctx, "UPDATE agent_data SET agent = NULL WHERE call IN "+calls, args...); err != nil {
		return fmt.Errorf("agents: %w", err)
	}
	return nil
}
