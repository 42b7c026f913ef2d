-- The system's user who did it, user@host; empty in entries of earlier versions, whose hash is without it.

ALTER TABLE entries ADD COLUMN user TEXT NOT NULL DEFAULT '';
