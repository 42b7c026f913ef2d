-- Customers of several machines: one machine is the source, which publishes a shard of its customers whenever one of them
-- changes; the others are replicas, which take over whole shards.

-- One row on the source. id is the source's own, rounds counts what it has published, stream is when the bucket in NATS
-- was made, in nanoseconds since 1970.
CREATE TABLE source (
	only   INTEGER PRIMARY KEY CHECK (only = 1),
	id     TEXT NOT NULL,
	rounds INTEGER NOT NULL,
	stream INTEGER NOT NULL
) STRICT;

-- One row on a replica: stream as above, next is the first revision that it does not have, as_of the time of the source in
-- milliseconds since 1970 up to which it has everything, 0 until it has had every shard; node is the source's name.
CREATE TABLE replica (
	only   INTEGER PRIMARY KEY CHECK (only = 1),
	stream INTEGER NOT NULL,
	next   INTEGER NOT NULL,
	as_of  INTEGER NOT NULL,
	node   TEXT NOT NULL
) STRICT;

-- Which shard each customer is in. digest is that of the record that a replica took over last.
CREATE TABLE shards (
	shard    INTEGER NOT NULL,
	customer TEXT NOT NULL,
	digest   BLOB NOT NULL,
	PRIMARY KEY (shard, customer)
) STRICT, WITHOUT ROWID;

-- On the source: customers who have changed, and shards that have still to be published. On a replica: shards that have
-- never come.
CREATE TABLE changed (customer TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE due (shard INTEGER PRIMARY KEY) STRICT;

-- The shard of an erased customer; NULL if they were erased before there were any.
ALTER TABLE erased ADD COLUMN shard INTEGER;
CREATE INDEX erased_of_shard ON erased (shard) WHERE shard IS NOT NULL;

CREATE TRIGGER customers_added AFTER INSERT ON customers WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.id); END;
CREATE TRIGGER customers_changed AFTER UPDATE ON customers WHEN (old.name, old.language) <> (new.name, new.language)
	AND EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.id); END;
CREATE TRIGGER customers_removed AFTER DELETE ON customers WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT old.id WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = old.id); END;
CREATE TRIGGER phones_added AFTER INSERT ON phones WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
CREATE TRIGGER phones_removed AFTER DELETE ON phones WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT old.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = old.customer); END;
CREATE TRIGGER emails_added AFTER INSERT ON emails WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
CREATE TRIGGER emails_removed AFTER DELETE ON emails WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT old.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = old.customer); END;
CREATE TRIGGER identifiers_added AFTER INSERT ON identifiers WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
CREATE TRIGGER identifiers_removed AFTER DELETE ON identifiers WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT old.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = old.customer); END;
CREATE TRIGGER credentials_added AFTER INSERT ON credentials WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
-- Each machine wraps its own secrets in argon2id: that is no change. Whoever sets a secret says so (Directory.enrol).
CREATE TRIGGER credentials_changed AFTER UPDATE ON credentials WHEN EXISTS (SELECT 1 FROM source)
	AND NOT (old.scheme = 'hmac' AND new.scheme = 'argon2id') BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
CREATE TRIGGER credentials_removed AFTER DELETE ON credentials WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT old.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = old.customer); END;
CREATE TRIGGER sealed_added AFTER INSERT ON sealed WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
CREATE TRIGGER sealed_changed AFTER UPDATE ON sealed WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT new.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = new.customer); END;
CREATE TRIGGER sealed_removed AFTER DELETE ON sealed WHEN EXISTS (SELECT 1 FROM source) BEGIN
	INSERT INTO changed SELECT old.customer WHERE NOT EXISTS (SELECT 1 FROM changed WHERE customer = old.customer); END;
