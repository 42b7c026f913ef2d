-- Whether an answer was said, whether the caller had more time, and what they wished for in place of an answer. Calls counted before have none of it until report rebuild
-- counts them again.
ALTER TABLE attempt_data ADD COLUMN spoken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt_data ADD COLUMN slow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt_data ADD COLUMN wish TEXT;
ALTER TABLE questions ADD COLUMN spoken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE questions ADD COLUMN slow INTEGER NOT NULL DEFAULT 0;

DROP VIEW attempts;
CREATE VIEW attempts AS
SELECT c.call, c.line, a.step, a.attempt, a.result, a.ms, a.spoken, a.slow, a.wish FROM call_data c JOIN attempt_data a ON a.n = c.n;

DROP VIEW funnel_daily;
CREATE VIEW funnel_daily AS
SELECT strftime('%Y-%m-%d', started / 1000, 'unixepoch') AS day, line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms, started,
	spoken, slow
FROM questions WHERE width = 86400000;

DROP VIEW funnel_quarter_hours;
CREATE VIEW funnel_quarter_hours AS
SELECT started, line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, abandoned, errors, ms, spoken, slow
FROM questions WHERE width = 900000;

DROP VIEW funnel;
CREATE VIEW funnel AS
SELECT line, step, attempt, sum(asked) AS asked, sum(accepted) AS accepted, sum(rejected) AS rejected, sum(no_input) AS no_input, sum(no_match) AS no_match,
	sum(opted_out) AS opted_out, sum(abandoned) AS abandoned, sum(errors) AS errors, sum(ms) AS ms, sum(spoken) AS spoken, sum(slow) AS slow
FROM questions WHERE width = 86400000 GROUP BY line, step, attempt;
