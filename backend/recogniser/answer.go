package recogniser

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"countersign/session"
)

// maxResults bounds how many results are kept, the likeliest.
const maxResults = 10

var (
	errNotJSON = errors.New("the answer is not JSON as it should be: " +
		`{"results": [{"text": "one two three", "confidence": 0.93}]}`)
	errNoResults  = errors.New("the answer has no results; an empty list says that nothing was understood")
	errConfidence = errors.New("a result of the answer has no confidence from 0 to 1")
)

// answer is what a recogniser says.
type answer struct {
	Results  *[]result `json:"results"`
	NoSpeech bool      `json:"no_speech"`
}

type result struct {
	Text       text     `json:"text"`
	Confidence *float64 `json:"confidence"`
}

// read reads an answer. It wipes its own copies; the body is its owner's to wipe.
func read(body []byte) (e session.Entry, err error) {
	var a answer
	defer func() { a.wipe() }()
	if err := json.Unmarshal(body, &a); err != nil {
		return e, errNotJSON // its text may quote what was said
	}
	if a.Results == nil {
		if a.NoSpeech {
			return session.Entry{Class: session.NoInput}, nil
		}
		return e, errNoResults
	}
	all := make([]session.Hypothesis, 0, len(*a.Results))
	for _, r := range *a.Results {
		if r.Confidence == nil || *r.Confidence < 0 || *r.Confidence > 1 {
			wipe(all)
			return e, errConfidence
		}
		if words := bytes.TrimSpace(r.Text); len(words) > 0 {
			all = append(all, session.Hypothesis{
				Words: session.NewSecret(bytes.Clone(words)), Confidence: *r.Confidence,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b session.Hypothesis) int { return cmp.Compare(b.Confidence, a.Confidence) })
	if len(all) > maxResults {
		wipe(all[maxResults:])
		all = all[:maxResults]
	}
	switch {
	case len(all) > 0:
		return session.Entry{
			Class: session.Input, Spoken: true, Words: all[0].Words, Confidence: all[0].Confidence, Others: all[1:],
		}, nil
	case a.NoSpeech:
		return session.Entry{Class: session.NoInput}, nil
	default:
		return session.Entry{Class: session.NoMatch, Spoken: true}, nil
	}
}

func (a answer) wipe() {
	if a.Results == nil {
		return
	}
	for _, r := range (*a.Results)[:cap(*a.Results)] {
		clear(r.Text[:cap(r.Text)])
	}
}

func wipe(all []session.Hypothesis) {
	for _, h := range all {
		h.Words.Wipe()
	}
}

// text is a string of JSON in memory that can be wiped, which a string cannot.
type text []byte

// UnmarshalJSON implements json.Unmarshaler. The JSON is valid: the decoder has checked it.
func (t *text) UnmarshalJSON(quoted []byte) error {
	if len(quoted) < 2 || quoted[0] != '"' {
		return errNotJSON
	}
	clear(*t) // a key may come twice
	out := make([]byte, 0, len(quoted))
	for in := quoted[1 : len(quoted)-1]; len(in) > 0; {
		if in[0] != '\\' {
			r, size := utf8.DecodeRune(in)
			out, in = utf8.AppendRune(out, r), in[size:]
			continue
		}
		var r rune
		r, in = unescape(in)
		out = utf8.AppendRune(out, r)
	}
	*t = out
	return nil
}

// escapes are the letters behind a backslash, and what they stand for.
var escapes = map[byte]rune{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape takes an escape from the beginning of a JSON string.
func unescape(in []byte) (r rune, rest []byte) {
	if in[1] != 'u' {
		if r, is := escapes[in[1]]; is {
			return r, in[2:]
		}
		return rune(in[1]), in[2:]
	}
	r, rest = unit(in), in[6:]
	if utf16.IsSurrogate(r) {
		if len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
			if pair := utf16.DecodeRune(r, unit(rest)); pair != utf8.RuneError {
				return pair, rest[6:]
			}
		}
		return utf8.RuneError, rest
	}
	return r, rest
}

// unit is the code unit of an escape: \u and four hexadecimal digits.
func unit(in []byte) rune {
	v, _ := strconv.ParseUint(string(in[2:6]), 16, 16)
	return rune(v)
}
