-- What the reports are made of. Times are milliseconds since 1970, UTC. REPORTS.md describes the views; the tables below them may change.

-- consumer names our place in the stream: a file that is new, or was reset, begins at the stream's beginning.
-- Whatever reached the stream until counted_until is counted.
CREATE TABLE place (consumer TEXT NOT NULL, counted_until INTEGER) STRICT;
INSERT INTO place (consumer) VALUES (lower(hex(randomblob(8))));

-- Events of calls of which some are still missing. They go when the last one has come.
CREATE TABLE events (
	call TEXT NOT NULL,
	seq  INTEGER NOT NULL,
	json TEXT NOT NULL, -- as it was published, without names and addresses
	PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE call_data (
	n               INTEGER PRIMARY KEY,
	call            TEXT NOT NULL UNIQUE,
	first           TEXT NOT NULL,
	line            TEXT NOT NULL,
	line_version    INTEGER NOT NULL,
	started         INTEGER NOT NULL,
	decided         INTEGER,
	ended           INTEGER,
	ms              INTEGER,
	channel         TEXT,
	caller_last4    TEXT,
	caller_withheld INTEGER NOT NULL,
	dialled_last4   TEXT,
	attestation     TEXT,
	status          TEXT NOT NULL,
	level           INTEGER NOT NULL,
	reason          TEXT,
	customer        TEXT,
	methods         TEXT,
	identified_by   TEXT,
	outcome         TEXT,
	destination     TEXT,
	"end"           TEXT,
	verdict         TEXT,    -- verified or failed, as the fact of that name said
	failed_reason   TEXT,
	failed_step     TEXT,
	step_up         INTEGER NOT NULL,
	locked          INTEGER NOT NULL,
	counted         INTEGER NOT NULL, -- 1: a call of its own; 0: a step-up, or a call that came back
	complete        INTEGER NOT NULL  -- 1: all of its events are known, so that whatever comes is a duplicate
) STRICT;
CREATE INDEX calls_by_time ON call_data (started);
CREATE INDEX calls_of_persons ON call_data (started) WHERE complete = 0 OR coalesce(customer, caller_last4, channel) IS NOT NULL;
CREATE INDEX calls_by_line ON call_data (line, started);
CREATE INDEX calls_by_customer ON call_data (customer, started) WHERE customer IS NOT NULL;
CREATE INDEX calls_by_ani ON call_data (started, line) WHERE counted = 1 AND identified_by = 'ani';
CREATE INDEX calls_verified ON call_data (started, line) WHERE counted = 1 AND verdict = 'verified';
CREATE INDEX calls_failed ON call_data (started, line, failed_reason, failed_step) WHERE counted = 1 AND verdict = 'failed';
CREATE INDEX calls_failed_why ON call_data (failed_reason, failed_step, line) WHERE counted = 1 AND verdict = 'failed';

CREATE TABLE step_data (
	n         INTEGER NOT NULL REFERENCES call_data (n) ON DELETE CASCADE,
	position  INTEGER NOT NULL,
	step      TEXT NOT NULL,
	started   INTEGER NOT NULL,
	ms        INTEGER,
	result    TEXT,
	reason    TEXT,
	attempts  INTEGER NOT NULL,
	accepted  INTEGER NOT NULL,
	rejected  INTEGER NOT NULL,
	no_input  INTEGER NOT NULL,
	no_match  INTEGER NOT NULL,
	opted_out INTEGER NOT NULL,
	abandoned INTEGER NOT NULL,
	errors    INTEGER NOT NULL,
	served    INTEGER NOT NULL,
	PRIMARY KEY (n, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt_data (
	n       INTEGER NOT NULL REFERENCES call_data (n) ON DELETE CASCADE,
	step    TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	result  TEXT NOT NULL,
	ms      INTEGER NOT NULL,
	PRIMARY KEY (n, step, attempt)
) STRICT, WITHOUT ROWID;

-- Sums, kept up to date with the calls, and kept when those are gone. width is the milliseconds that a row is about: a day or a quarter of an hour.
CREATE TABLE tallies (
	width             INTEGER NOT NULL,
	started           INTEGER NOT NULL,
	line              TEXT NOT NULL,
	calls             INTEGER NOT NULL,
	identified_by_ani INTEGER NOT NULL,
	identified        INTEGER NOT NULL,
	verified          INTEGER NOT NULL,
	failed            INTEGER NOT NULL,
	none              INTEGER NOT NULL,
	abandoned         INTEGER NOT NULL,
	opted_out         INTEGER NOT NULL,
	locked            INTEGER NOT NULL,
	unavailable       INTEGER NOT NULL,
	closed            INTEGER NOT NULL,
	step_ups          INTEGER NOT NULL,
	ms                INTEGER NOT NULL,
	verify_ms         INTEGER NOT NULL,
	PRIMARY KEY (width, started, line)
) STRICT, WITHOUT ROWID;

-- What came of asking a question for the first time in a call, the second time, …
CREATE TABLE questions (
	width     INTEGER NOT NULL,
	started   INTEGER NOT NULL,
	line      TEXT NOT NULL,
	step      TEXT NOT NULL,
	attempt   INTEGER NOT NULL,
	asked     INTEGER NOT NULL,
	accepted  INTEGER NOT NULL,
	rejected  INTEGER NOT NULL,
	no_input  INTEGER NOT NULL,
	no_match  INTEGER NOT NULL,
	opted_out INTEGER NOT NULL,
	abandoned INTEGER NOT NULL,
	errors    INTEGER NOT NULL,
	ms        INTEGER NOT NULL,
	PRIMARY KEY (width, started, line, step, attempt)
) STRICT, WITHOUT ROWID;

-- What came of a step as a whole.
CREATE TABLE step_tallies (
	width     INTEGER NOT NULL,
	started   INTEGER NOT NULL,
	line      TEXT NOT NULL,
	step      TEXT NOT NULL,
	steps     INTEGER NOT NULL,
	passed    INTEGER NOT NULL,
	positions INTEGER NOT NULL,
	ms        INTEGER NOT NULL,
	PRIMARY KEY (width, started, line, step)
) STRICT, WITHOUT ROWID;

-- Calls of one kind are told apart by nothing but their time. '' is none.
CREATE TABLE call_kinds (
	kind          INTEGER PRIMARY KEY,
	line          TEXT NOT NULL,
	counted       INTEGER NOT NULL,
	identified_by TEXT NOT NULL,
	verdict       TEXT NOT NULL,
	methods       TEXT NOT NULL,
	failed_reason TEXT NOT NULL,
	failed_step   TEXT NOT NULL,
	status        TEXT NOT NULL,
	level         INTEGER NOT NULL,
	reason        TEXT NOT NULL,
	"end"         TEXT NOT NULL,
	locked        INTEGER NOT NULL,
	decided       INTEGER NOT NULL,
	UNIQUE (line, counted, identified_by, verdict, methods, failed_reason, failed_step, status, level, reason, "end", locked, decided)
) STRICT;

-- The calls of a day, kind by kind. In times is a number for each of them, in ascending order: its milliseconds to the verdict, shifted left by 7 bits, and in these the
-- quarter of the day in which it began. A list takes less room than counts of times would: hardly two calls of a quarter of an hour take the same time.
-- Many calls are in several rows, so that one more does not write all of them anew: in each are the numbers from least on that are below the next row's least.
CREATE TABLE kind_days (
	started   INTEGER NOT NULL,
	kind      INTEGER NOT NULL REFERENCES call_kinds (kind),
	least     INTEGER NOT NULL,
	calls     INTEGER NOT NULL,
	verify_ms INTEGER NOT NULL,
	times     TEXT NOT NULL, -- JSON
	PRIMARY KEY (started, kind, least)
) STRICT, WITHOUT ROWID;

-- What became of scheduled reports. It is made of no events, and stays when calls are forgotten or counted again.
CREATE TABLE schedules (
	name     TEXT PRIMARY KEY,
	cron     TEXT NOT NULL,              -- with its time zone; with another one the schedule begins anew
	handled  INTEGER NOT NULL,           -- the last due time for which nothing is left to do, or when the schedule began
	due      INTEGER,                    -- the due time that was tried last
	attempts INTEGER NOT NULL DEFAULT 0, -- how often
	done     TEXT,                       -- JSON: where the report of that time is already
	claims   INTEGER NOT NULL DEFAULT 0, -- counts runs: who began an older one has no say any more
	claimed  INTEGER,                    -- until when a run counts as going on
	ended    INTEGER,                    -- when the last run ended
	ms       INTEGER,                    -- how long it took
	error    TEXT,                       -- why it failed
	retry    INTEGER                     -- when it is tried again
) STRICT, WITHOUT ROWID;

CREATE VIEW counted AS
SELECT counted_until FROM place;

CREATE VIEW calls AS
SELECT call, first, line, line_version, started, decided, ended, ms, channel, caller_last4, caller_withheld, dialled_last4, attestation, status, level, reason,
	customer, methods, identified_by, outcome, destination, "end", failed_step, step_up, locked, verdict
FROM call_data;

CREATE VIEW call_steps AS
SELECT c.call, c.line, s.position, s.step, s.started, s.ms, s.result, s.reason, s.attempts, s.accepted, s.rejected, s.no_input, s.no_match, s.opted_out,
	s.abandoned, s.errors, s.served
FROM call_data c JOIN step_data s ON s.n = c.n;

CREATE VIEW attempts AS
SELECT c.call, c.line, a.step, a.attempt, a.result, a.ms FROM call_data c JOIN attempt_data a ON a.n = c.n;

CREATE VIEW identified_by_ani AS
SELECT call, line, started, customer, status, level FROM call_data WHERE counted = 1 AND identified_by = 'ani';

CREATE VIEW verified AS
SELECT call, line, started, customer, level, methods, ms FROM call_data WHERE counted = 1 AND verdict = 'verified';

CREATE VIEW failed AS
SELECT call, line, started, customer, status, failed_reason AS reason, failed_step AS step FROM call_data WHERE counted = 1 AND verdict = 'failed';

CREATE VIEW daily AS
SELECT strftime('%Y-%m-%d', started / 1000, 'unixepoch') AS day, line, calls, identified_by_ani, identified, verified, failed, none, abandoned, opted_out, locked,
	unavailable, closed, step_ups, ms, verify_ms
FROM tallies WHERE width = 86400000;

CREATE VIEW quarter_hours AS
SELECT started, line, calls, identified_by_ani, identified, verified, failed, none, abandoned, opted_out, locked, unavailable, closed, step_ups, ms, verify_ms
FROM tallies WHERE width = 900000;

CREATE VIEW kinds AS
SELECT kind, line, counted, nullif(identified_by, '') AS identified_by, nullif(verdict, '') AS verdict, nullif(methods, '') AS methods,
	nullif(failed_reason, '') AS failed_reason, nullif(failed_step, '') AS failed_step, status, level, nullif(reason, '') AS reason, nullif("end", '') AS "end", locked, decided
FROM call_kinds;

CREATE VIEW kinds_daily AS
SELECT strftime('%Y-%m-%d', started / 1000, 'unixepoch') AS day, kind, calls, verify_ms, started, times
FROM kind_days;

CREATE VIEW verdict_times AS
SELECT d.started + 900000 * (t.value & 127) AS started, k.line, nullif(k.verdict, '') AS verdict, d.kind, t.value >> 7 AS ms, d.started AS day_started
FROM kind_days AS d JOIN call_kinds AS k ON k.kind = d.kind JOIN json_each(d.times) AS t
WHERE k.decided = 1;

CREATE VIEW funnel_daily AS
SELECT strftime('%Y-%m-%d', started / 1000, 'unixepoch') AS day, line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms, started
FROM questions WHERE width = 86400000;

CREATE VIEW funnel_quarter_hours AS
SELECT started, line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms
FROM questions WHERE width = 900000;

CREATE VIEW steps_daily AS
SELECT strftime('%Y-%m-%d', started / 1000, 'unixepoch') AS day, line, step, steps, passed, positions, ms, started
FROM step_tallies WHERE width = 86400000;

CREATE VIEW steps_quarter_hours AS
SELECT started, line, step, steps, passed, positions, ms
FROM step_tallies WHERE width = 900000;

CREATE VIEW funnel AS
SELECT line, step, attempt, sum(asked) AS asked, sum(accepted) AS accepted, sum(rejected) AS rejected, sum(no_input) AS no_input, sum(no_match) AS no_match,
	sum(opted_out) AS opted_out, sum(abandoned) AS abandoned, sum(errors) AS errors, sum(ms) AS ms
FROM questions WHERE width = 86400000 GROUP BY line, step, attempt;
