-- How verified customers like to be asked: the language that they chose, empty if none; whether they need more time; how
-- they answer, empty if unknown. A customer of a CRM need not be in the table customers.
CREATE TABLE habits (
	customer TEXT PRIMARY KEY,
	language TEXT NOT NULL,
	slow     INTEGER NOT NULL,
	answers  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
