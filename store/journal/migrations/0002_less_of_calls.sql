-- What became of a call is read from its events. These columns were written for every event and read by nobody.
ALTER TABLE calls DROP COLUMN line;
ALTER TABLE calls DROP COLUMN lineversion;
ALTER TABLE calls DROP COLUMN "end";
ALTER TABLE calls DROP COLUMN status;
ALTER TABLE calls DROP COLUMN level;
ALTER TABLE calls DROP COLUMN reason;
ALTER TABLE calls DROP COLUMN outcome;
ALTER TABLE calls DROP COLUMN destination;
