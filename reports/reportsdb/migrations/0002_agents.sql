-- What agents did with calls after these were handed on: the facts agent_offered, agent_connected, agent_missed and agent_done. They may come before the call's own events.
CREATE TABLE agent_data (
	call      TEXT NOT NULL,
	seq       INTEGER NOT NULL,
	fact      TEXT NOT NULL,
	at        INTEGER NOT NULL,
	agent     TEXT, -- NULL: nobody, or long ago
	queue     TEXT,
	via       TEXT,
	reason    TEXT, -- of agent_missed: why; of agent_done: how it ended
	waited_ms INTEGER,
	rang_ms   INTEGER,
	talked_ms INTEGER,
	PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_data_by_time ON agent_data (at);

-- The first agent who took the call and how long the caller waited for them, how long agents talked in all, how many offers agents missed, and whether the caller gave up.
ALTER TABLE call_data ADD COLUMN agent TEXT;
ALTER TABLE call_data ADD COLUMN queue TEXT;
ALTER TABLE call_data ADD COLUMN agent_wait_ms INTEGER;
ALTER TABLE call_data ADD COLUMN talk_ms INTEGER;
ALTER TABLE call_data ADD COLUMN agent_missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_data ADD COLUMN gave_up INTEGER NOT NULL DEFAULT 0;

ALTER TABLE tallies ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN agent_missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN gave_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN agent_wait_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN talk_ms INTEGER NOT NULL DEFAULT 0;

DROP VIEW calls;
CREATE VIEW calls AS
SELECT call, first, line, line_version, started, decided, ended, ms, channel, caller_last4, caller_withheld, dialled_last4, attestation, status, level, reason,
	customer, methods, identified_by, outcome, destination, "end", failed_step, step_up, locked, verdict, agent, queue, agent_wait_ms, talk_ms, agent_missed, gave_up
FROM call_data;

DROP VIEW daily;
CREATE VIEW daily AS
SELECT strftime('%Y-%m-%d', started / 1000, 'unixepoch') AS day, line, calls, identified_by_ani, identified, verified, failed, none, abandoned, opted_out, locked,
	unavailable, closed, step_ups, ms, verify_ms, answered, agent_missed, gave_up, agent_wait_ms, talk_ms
FROM tallies WHERE width = 86400000;

DROP VIEW quarter_hours;
CREATE VIEW quarter_hours AS
SELECT started, line, calls, identified_by_ani, identified, verified, failed, none, abandoned, opted_out, locked, unavailable, closed, step_ups, ms, verify_ms,
	answered, agent_missed, gave_up, agent_wait_ms, talk_ms
FROM tallies WHERE width = 900000;

CREATE VIEW agent_facts AS
SELECT a.call, c.line, c.started, a.at, a.fact, a.agent, a.queue, a.via, a.reason, a.waited_ms, a.rang_ms, a.talked_ms
FROM agent_data a JOIN call_data c ON c.call = a.call;
