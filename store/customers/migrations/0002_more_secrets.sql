-- Since when a number is on file, in nanoseconds since 1970; 0 is from the beginning.
ALTER TABLE phones ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- Secrets that must be read again to be checked, such as those of TOTP. box is a nonce and AES-256-GCM under a key made of the pepper, bound to kind and
-- customer.
CREATE TABLE sealed (
	customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	kind     TEXT NOT NULL,
	box      BLOB NOT NULL,
	PRIMARY KEY (customer, kind)
) STRICT, WITHOUT ROWID;

-- What is wrapped in argon2id first: PINs, which people use elsewhere too; then passphrases; then what others can find out anyhow.
DROP INDEX credentials_unwrapped;
CREATE INDEX credentials_unwrapped ON credentials (CASE kind WHEN 'pin' THEN 1 WHEN 'passphrase' THEN 2 ELSE 3 END, customer, kind) WHERE scheme = 'hmac';
