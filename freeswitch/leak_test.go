package freeswitch_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// This file answers whether digits that a caller keyed are in some bytes: a log, a call record, a page of SQLite, a
// message.
//
// Six digits occur by chance: a log of FreeSWITCH at DEBUG holds a thousand times with microseconds, and each has six
// digits. Two ways out are wrong. Looking only for digits that stand alone overlooks the PIN behind "%23" (a
// percent-encoded hash key), behind the account, and behind the cell before it in a row of SQLite. Looking for longer
// secrets is not possible, because a PIN has six digits at most. So the search is for the digits anywhere, but
//   - what certainly is something else does not count: times, fractions, ids, and the kinds of numbers that FreeSWITCH
//     draws or measures;
//   - the secrets are drawn anew for each run, so that a leak is found every time and a coincidence once;
//   - they begin with a zero, which no count, port or process id does;
//   - they are none that occurred already before they were keyed.
// On 20 calls, what is left of 3 MB are about 20 numbers of six digits and more that differ from run to run: one false
// alarm in ten thousand runs.

// somethingElse is what does not count. The zero-width ends see to it that nothing longer than the kind that is meant
// goes with it.
var somethingElse = regexp.MustCompile(strings.Join([]string{
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, // ids of calls, legs and events
	`\bcs-[0-9a-f]{16}\b`, // our SIP Call-IDs
	`\b[0-9a-f]{64}\b`,    // hashes, such as those of the audit log
	`\b20[0-9]{2}-[01][0-9]-[0-3][0-9][ T][0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,9}`, // times
	// seconds, milli-, micro- and nanoseconds since 1970, until 2033
	`\b1[7-9][0-9]{8}(?:[0-9]{3}){0,3}\b`,
	`\b[0-9]{1,3}\.[0-9]+\b`,                         // jitter, idle CPU
	`"[a-z_]*usec":"[0-9]+"`,                         // call records: durations,
	`"rtp_use_ssrc":"[0-9]+"`, `"sip_cseq":"[0-9]+"`, // and what FreeSWITCH draws at random
}, "|"))

// surroundings is more than the longest of somethingElse, so that what surrounds digits shows what they are.
const surroundings = 80

// findKeyed looks for any of several sequences of digits in bytes. found is where the first of them is, with some of
// what is around it, or empty.
func findKeyed(in []byte, sequences ...string) (found string) {
	logged := keysLogged(in)
	for _, digits := range sequences {
		for at := 0; ; at++ {
			i := bytes.Index(in[at:], []byte(digits))
			if i < 0 {
				break
			}
			at += i
			from := max(0, at-surroundings)
			around := in[from:min(len(in), at+len(digits)+surroundings)]
			if !isSomethingElse(around, at-from, at-from+len(digits)) {
				return fmt.Sprintf("%q", around)
			}
		}
		for line, keys := range logged {
			if strings.Contains(keys, digits) {
				return fmt.Sprintf("%q, key by key: %s", line, keys)
			}
		}
	}
	return ""
}

// isSomethingElse says whether text[begin:end] overlaps with something that certainly is something else.
func isSomethingElse(text []byte, begin, end int) bool {
	for _, m := range somethingElse.FindAllIndex(text, -1) {
		if m[0] < end && begin < m[1] {
			return true
		}
	}
	return false
}

// keyLogged is a key in FreeSWITCH's log, one a line.
var keyLogged = regexp.MustCompile(`^(.*DTMF )([0-9*#A-D])[: ]`)

// keysLogged puts keys that are logged one a line together again, by the line up to the key, which is the same for all
// keys of a leg but for times and the load.
func keysLogged(in []byte) map[string]string {
	keys := map[string]string{}
	for line := range bytes.Lines(in) {
		if !bytes.Contains(line, []byte("DTMF ")) {
			continue
		}
		if m := keyLogged.FindSubmatch(line); m != nil {
			keys[string(varying.ReplaceAll(m[1], nil))] += string(m[2])
		}
	}
	return keys
}

var varying = regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:.]+ [0-9.]+%`)

// places are bytes to be searched, by a name for where they come from.
type places map[string][]byte

// find searches all places. It returns what findKeyed would say, by the name of the place.
func (p places) find(sequences ...string) map[string]string {
	found := map[string]string{}
	for name, b := range p {
		if at := findKeyed(b, sequences...); at != "" {
			found[name] = at
		}
	}
	return found
}

// drawDigits draws digits that are nowhere yet, not even without the last one: a caller may hang up before that.
func (p places) drawDigits(n int) string {
	for {
		digits := "0"
		for len(digits) < n {
			digits += string(rune('0' + rand.IntN(10)))
		}
		if strings.Count(digits, "0") < 3 && len(p.find(digits[:n-1])) == 0 { // many a round number ends in zeros
			return digits
		}
	}
}

func TestKeyedDigitsAreFoundInWhateverFormAndTimesAreNotMistakenForThem(t *testing.T) {
	t.Parallel()
	const pin = "073519"
	for name, in := range map[string]string{
		"a variable":             `"cs_digits":"073519"`,
		"percent-encoded":        "variable_digits_dialed: 100042%23073519%23",
		"behind the account":     "100042073519",
		"behind a cell of a row": "\x1b!C-7073519knowledge",
		"a statement":            "INSERT INTO pins VALUES('073519')",
		"in front of a time":     "pin=073519 at 2026-11-21 21:28:29.600545",
		"behind a time":          "2026-11-21 21:28:29.600545 073519",
		"right behind a time":    "2026-11-21T21:28:29Z073519",
		"behind a point":         "entered.073519",
		"key by key": "ab 2026-11-21 21:28:29.1 97.50% RECV DTMF 0:1\nab 2026-11-21 21:28:29.2 97.43% RECV DTMF 7:1\n" +
			"xy 2026-11-21 21:28:29.2 98.00% RECV DTMF 9:1\nab 2026-11-21 21:28:29.3 0.97% RECV DTMF 3:1\n",
		"among bytes of other kinds": "\x00\xff073519\xfe",
	} {
		want := pin
		if name == "key by key" {
			want = "073"
		}
		assert.NotEmpty(t, findKeyed([]byte(in), want), name)
	}
	for name, in := range map[string]string{
		"a fraction of a second": "2026-11-21 21:28:29.073519 [DEBUG]",
		"our time":               `"time":"2026-11-21T21:28:29.073519Z"`,
		"jitter":                 `"rtp_audio_in_mean_interval":"20.073519"`,
		"an epoch":               `"start_uepoch":"1763073519000000"`,
		"an id":                  "01a20002-bea6-7192-b2de-4a073519c340.1",
		"a hash":                 "33:f20788818a84ec54a3c73f790bc4f32f77512c9754b870e0615a9b073519eb94@2026-11-30",
		"a duration":             `"billusec":"5073519"`,
		"an ssrc":                `"rtp_use_ssrc":"3073519465"`,
		"keys of two telephones": "ab RECV DTMF 0:1\nxy RECV DTMF 7:1\nab RECV DTMF 3:1\n",
	} {
		assert.Empty(t, findKeyed([]byte(in), pin), name)
		assert.Empty(t, findKeyed([]byte(in), "0735"), name)
	}
}
