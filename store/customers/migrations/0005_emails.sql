-- Where one-time codes may be mailed. since is as for phones.
CREATE TABLE emails (
	customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	address  TEXT NOT NULL,
	since    INTEGER NOT NULL,
	PRIMARY KEY (customer, address)
) STRICT, WITHOUT ROWID;
