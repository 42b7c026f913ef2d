package endpoint

import (
	"errors"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// The errors of this file name the field, never what is in it.
var ErrNotJSON = errors.New("the answer is not JSON")

// At finds a path in JSON that is valid; an empty path is all of it.
func At(doc []byte, path string) gjson.Result {
	if path == "" {
		return gjson.ParseBytes(doc)
	}
	return gjson.GetBytes(doc, path)
}

func Within(v gjson.Result, path string) gjson.Result {
	if path == "" {
		return v
	}
	return v.Get(path)
}

// Something says whether there is anything: not false, 0, "", null, [], {} or missing.
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

// Shorten cuts at a rune.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
