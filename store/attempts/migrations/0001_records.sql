-- What this machine knows of attempts and locks. key and value are those of session/guard, which reveal nobody. unsent: NATS lacks some of it. changed is in milliseconds since 1970, UTC.

CREATE TABLE records (
	key     TEXT PRIMARY KEY,
	value   BLOB NOT NULL,
	unsent  INTEGER NOT NULL CHECK (unsent IN (0, 1)),
	changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX records_unsent ON records (key) WHERE unsent;
CREATE INDEX records_changed ON records (changed);
