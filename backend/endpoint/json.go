package endpoint

import (
	"errors"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// ErrNotJSON means that the body of an answer is not JSON.
var ErrNotJSON = errors.New("the answer is not JSON")

// At returns the value at a path in valid JSON; an empty path returns all of it.
func At(doc []byte, path string) gjson.Result {
	if path == "" {
		return gjson.ParseBytes(doc)
	}
	return gjson.GetBytes(doc, path)
}

// Within is At for a value.
func Within(v gjson.Result, path string) gjson.Result {
	if path == "" {
		return v
	}
	return v.Get(path)
}

// Something reports whether v is not empty: not false, 0, "", null, [], {} or missing.
func Something(v gjson.Result) bool {
	switch v.Type {
	case gjson.True:
		return true
	case gjson.Number:
		return v.Num != 0
	case gjson.String:
		return v.Str != ""
	case gjson.JSON:
		some := false
		v.ForEach(func(_, _ gjson.Result) bool { some = true; return false })
		return some
	default:
		return false
	}
}

// Shorten cuts s to at most that many bytes, between runes.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
