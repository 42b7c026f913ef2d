-- Who the customers are and what they can prove. Times are nanoseconds since 1970, UTC.

CREATE TABLE customers (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL,
	language TEXT NOT NULL,
	imported INTEGER NOT NULL -- when the import began that wrote this row last
) STRICT, WITHOUT ROWID;

-- Several customers may share a number, and a customer may have several.
CREATE TABLE phones (
	e164     TEXT NOT NULL,
	customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	PRIMARY KEY (e164, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX phones_of_customer ON phones (customer);

-- What a caller may key to say who they are.
CREATE TABLE identifiers (
	kind     TEXT NOT NULL,
	value    TEXT NOT NULL,
	customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_of_customer ON identifiers (customer);

-- hash is HMAC-SHA-256 under the pepper (scheme hmac) or argon2id over that, with salt and params.
CREATE TABLE credentials (
	customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	kind     TEXT NOT NULL,
	scheme   TEXT NOT NULL CHECK (scheme IN ('hmac', 'argon2id')),
	salt     BLOB NOT NULL,
	params   TEXT NOT NULL,
	hash     BLOB NOT NULL,
	PRIMARY KEY (customer, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_unwrapped ON credentials (customer, kind) WHERE scheme = 'hmac';

-- One row: which pepper the hashes need. It says nothing about the pepper itself.
CREATE TABLE pepper (
	only        INTEGER PRIMARY KEY CHECK (only = 1),
	fingerprint BLOB NOT NULL
) STRICT;
