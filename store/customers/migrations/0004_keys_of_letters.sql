-- What a caller keys for an identifier with letters (ITU-T E.161: 2 is ABC, 9 is WXYZ), as session.Keypad has it; NULL
-- without letters, which is keyed as it is. SQLite makes it of the value whenever that is written, so it is never stale.
ALTER TABLE identifiers ADD COLUMN keys TEXT GENERATED ALWAYS AS (CASE WHEN value GLOB '*[A-Z]*' THEN
	replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
	replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(value,
		'A', '2'), 'B', '2'), 'C', '2'), 'D', '3'), 'E', '3'), 'F', '3'), 'G', '4'),
		'H', '4'), 'I', '4'), 'J', '5'), 'K', '5'), 'L', '5'), 'M', '6'), 'N', '6'),
		'O', '6'), 'P', '7'), 'Q', '7'), 'R', '7'), 'S', '7'), 'T', '8'), 'U', '8'),
		'V', '8'), 'W', '9'), 'X', '9'), 'Y', '9'), 'Z', '9') END) VIRTUAL;

CREATE INDEX identifiers_by_keys ON identifiers (kind, keys) WHERE keys IS NOT NULL;
