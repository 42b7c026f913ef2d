package backup

import "time"

// format is the version of the file's layout.
const format = 1

// Manifest says what is in a backup. It is the last part of one.
type Manifest struct {
	Format int `json:"format"`
	// Version is that of the program that made it.
	Version string    `json:"version"`
	Node    string    `json:"node"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	// Files are the SHA-256 of each part.
	Files map[string]string `json:"files"`
	// Databases has the number of rows of each table, Streams the number of messages.
	Databases map[string]map[string]int64 `json:"databases"`
	Streams   map[string]uint64           `json:"streams"`
}
