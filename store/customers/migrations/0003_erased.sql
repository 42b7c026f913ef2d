-- Who was erased, and when, in milliseconds since 1970, so that an old file does not bring them back. alias is an HMAC of the customer's id under a key made of the pepper: it
-- names nobody.
CREATE TABLE erased (
	alias TEXT PRIMARY KEY,
	at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
