-- What happened on every call. Times are milliseconds since 1970, UTC.

-- One row a call, kept up to date by its events.
CREATE TABLE calls (
	call        TEXT PRIMARY KEY,
	line        TEXT NOT NULL,
	lineversion INTEGER NOT NULL,
	started     INTEGER NOT NULL,
	ended       INTEGER,
	"end"       TEXT,    -- routed, abandoned, released, interrupted; NULL while the call runs
	status      TEXT,    -- verified, identified, none
	level       INTEGER,
	reason      TEXT,
	customer    TEXT,
	outcome     TEXT,    -- the row of the line's table of routes; NULL if the call was not handed on
	destination TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_running ON calls (call) WHERE ended IS NULL;

-- json is the event as it is published.
CREATE TABLE events (
	id   TEXT PRIMARY KEY CHECK (id <> ''),
	call TEXT NOT NULL,
	seq  INTEGER NOT NULL,
	time INTEGER NOT NULL,
	fact TEXT NOT NULL,
	line TEXT NOT NULL,
	json TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_call ON events (call, seq);

-- What has not been published yet, in the order in which it must be. A number is never used twice.
CREATE TABLE outbox (
	n     INTEGER PRIMARY KEY AUTOINCREMENT,
	event TEXT NOT NULL REFERENCES events (id)
) STRICT;
