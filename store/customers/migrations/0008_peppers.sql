-- Under which pepper a secret is stored: empty for the first of the file, else what identifies it (Peppers).
ALTER TABLE credentials ADD COLUMN pepper BLOB NOT NULL DEFAULT x'';
ALTER TABLE sealed ADD COLUMN pepper BLOB NOT NULL DEFAULT x'';
CREATE INDEX credentials_of_pepper ON credentials (pepper) WHERE pepper <> x'';
CREATE INDEX sealed_of_pepper ON sealed (pepper);
