-- Calls by which staff tried a draft of a line on their own telephone, as a made-up customer. They count nowhere, and only the view test_calls has them.
ALTER TABLE call_data ADD COLUMN test INTEGER NOT NULL DEFAULT 0;

DROP VIEW calls;
CREATE VIEW calls AS
SELECT call, first, line, line_version, started, decided, ended, ms, channel, caller_last4, caller_withheld, dialled_last4, attestation, status, level, reason,
	customer, methods, identified_by, outcome, destination, "end", failed_step, step_up, locked, verdict, agent, queue, agent_wait_ms, talk_ms, agent_missed, gave_up
FROM call_data WHERE test = 0;

CREATE VIEW test_calls AS
SELECT call, first, line, line_version, started, decided, ended, ms, channel, caller_last4, caller_withheld, dialled_last4, attestation, status, level, reason,
	customer, methods, identified_by, outcome, destination, "end", failed_step, step_up, locked, verdict, agent, queue, agent_wait_ms, talk_ms, agent_missed, gave_up
FROM call_data WHERE test = 1;

DROP VIEW call_steps;
CREATE VIEW call_steps AS
SELECT c.call, c.line, s.position, s.step, s.started, s.ms, s.result, s.reason, s.attempts, s.accepted, s.rejected, s.no_input, s.no_match, s.opted_out,
	s.abandoned, s.errors, s.served
FROM call_data c JOIN step_data s ON s.n = c.n WHERE c.test = 0;

DROP VIEW attempts;
CREATE VIEW attempts AS
SELECT c.call, c.line, a.step, a.attempt, a.result, a.ms, a.spoken, a.slow, a.wish FROM call_data c JOIN attempt_data a ON a.n = c.n WHERE c.test = 0;
