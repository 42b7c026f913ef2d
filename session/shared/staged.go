package shared

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Staged is the start of a line's version with a share of the calls. The others stay on the version before.
type Staged struct {
	// Percent of the calls take the new version.
	Percent int `json:"percent"`
	// Before is the version that the others stay on, BeforeYAML its text.
	Before     int    `json:"before"`
	BeforeYAML string `json:"before_yaml"`
	// First is the first version of this start, Since when it began: the share may have been changed since.
	First int       `json:"first"`
	Since time.Time `json:"since"`
	// Bounds end it.
	Bounds Bounds `json:"bounds"`
}

// Bounds are by how many points of a hundred calls the new version may be worse than the one before. Beyond that, and
// beyond chance, it is returned from.
type Bounds struct {
	Unverified float64 `json:"unverified"`
	Abandoned  float64 `json:"abandoned"`
	Errors     float64 `json:"errors"`
}

// Takes says whether a call takes the new version. The same call always does or does not, on every machine, and goes on
// to do so when the share grows. call is the id of its first visit.
func (s Staged) Takes(line, call string) bool {
	h := sha256.New()
	var first [8]byte
	binary.BigEndian.PutUint64(first[:], uint64(s.First)) //nolint:gosec // not negative
	h.Write(first[:])
	h.Write([]byte(line + "\x00" + call))
	at := float64(binary.BigEndian.Uint64(h.Sum(nil)[:8])>>11) / (1 << 53) // in [0, 1)
	return at*100 < float64(s.Percent)
}
