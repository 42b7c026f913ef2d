package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Head identifies the last entry of an audit log. A copy kept elsewhere proves later that no entry was removed after
// it, and none before it too early.
type Head struct {
	N    int64  `json:"n"`
	Hash string `json:"hash"`
	// Time is when the entry was written.
	Time time.Time `json:"time,omitzero"`
}

func (e Entry) head() Head { return Head{e.N, e.Hash, e.Time} }

// String returns the form that ParseHead reads.
func (h Head) String() string {
	return fmt.Sprintf("%d:%s@%s", h.N, h.Hash, h.Time.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// ParseHead reads a number, a hash and a time: "12:0f9a…@2026-11-21T08:00:00.000Z".
func ParseHead(s string) (h Head, err error) {
	n, rest, _ := strings.Cut(s, ":")
	hash, at, _ := strings.Cut(rest, "@")
	h.N, err = strconv.ParseInt(n, 10, 64)
	sum, hexErr := hex.DecodeString(hash)
	var timeErr error
	h.Time, timeErr = time.Parse(time.RFC3339, at)
	if err != nil || hexErr != nil || timeErr != nil || h.N < 1 || len(sum) != sha256.Size {
		return Head{}, fmt.Errorf("%q is not the head of an audit log: "+
			"write it as 12:<64 hexadecimal digits>@2026-11-21T08:00:00.000Z", s)
	}
	h.Hash = strings.ToLower(hash)
	return h, nil
}
