-- Who did what. Times are milliseconds since 1970, UTC. hash is SHA-256 of the hash before and of the entry; n has no gap, and is never used twice.

CREATE TABLE entries (
	n      INTEGER PRIMARY KEY AUTOINCREMENT,
	time   INTEGER NOT NULL,
	actor  TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	detail TEXT NOT NULL,
	hash   BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- One row: the last entry that was removed because its time was over, from which the chain goes on.
CREATE TABLE start (
	only INTEGER PRIMARY KEY CHECK (only = 1),
	n    INTEGER NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO start VALUES (1, 0, zeroblob(32));

CREATE TRIGGER entries_follow_each_other BEFORE INSERT ON entries
WHEN NEW.n <> (SELECT coalesce(max(n), (SELECT n FROM start)) + 1 FROM entries)
BEGIN SELECT raise(ABORT, 'the audit log only takes the next entry'); END;

CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
BEGIN SELECT raise(ABORT, 'entries of the audit log are not changed'); END;

CREATE TRIGGER entries_are_not_removed BEFORE DELETE ON entries WHEN OLD.n > (SELECT n FROM start)
BEGIN SELECT raise(ABORT, 'entries of the audit log are not removed before their time'); END;

CREATE TRIGGER start_moves_along_the_chain BEFORE UPDATE ON start
WHEN NEW.n <= OLD.n OR NEW.hash IS NOT (SELECT hash FROM entries WHERE n = NEW.n)
BEGIN SELECT raise(ABORT, 'the start of the audit log only moves along its chain'); END;

-- 2592000000 ms are 30 days.
CREATE TRIGGER start_moves_over_old_entries BEFORE UPDATE ON start
WHEN EXISTS (SELECT 1 FROM entries WHERE n <= NEW.n AND time > (SELECT time FROM entries ORDER BY n DESC LIMIT 1) - 2592000000)
BEGIN SELECT raise(ABORT, 'entries of the audit log are not removed before their time'); END;

CREATE TRIGGER start_is_not_replaced BEFORE INSERT ON start
BEGIN SELECT raise(ABORT, 'the audit log has one start'); END;

CREATE TRIGGER start_is_not_removed BEFORE DELETE ON start
BEGIN SELECT raise(ABORT, 'the start of the audit log is not removed'); END;
