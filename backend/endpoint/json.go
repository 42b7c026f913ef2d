package endpoint

import (
	"errors"
	"slices"
	"strings"
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

// Something reports whether v is not empty: not null, [], {} or missing, not false or 0, not "" or a word for false,
// and not the date that some databases write for none.
func Something(v gjson.Result) bool {
	switch v.Type {
	case gjson.True:
		return true
	case gjson.Number:
		return v.Num != 0
	case gjson.String:
		yes, isBool := Bool(v)
		return v.Str != "" && (yes || !isBool) && !strings.HasPrefix(v.Str, "0000-00-00")
	case gjson.JSON:
		return !isHollow(v)
	default:
		return false
	}
}

// isHollow reports whether an object or array has nothing in it.
func isHollow(v gjson.Result) bool {
	hollow := true
	v.ForEach(func(_, _ gjson.Result) bool { hollow = false; return false })
	return hollow
}

// Words of the languages and databases that have no boolean.
var (
	trueWords  = []string{"true", "t", "yes", "y", "1"}
	falseWords = []string{"false", "f", "no", "n", "0"}
)

// Bool reads a boolean as true, 1, "true", "yes", "y", "t" or "1", in capitals or not, and their opposites. ok is
// false for anything else.
func Bool(v gjson.Result) (yes, ok bool) {
	switch v.Type {
	case gjson.True:
		return true, true
	case gjson.False:
		return false, true
	case gjson.Number:
		return v.Num == 1, v.Num == 1 || v.Num == 0
	case gjson.String:
		if len(v.Str) > len("false") {
			return false, false
		}
		word := strings.ToLower(v.Str)
		yes = slices.Contains(trueWords, word)
		return yes, yes || slices.Contains(falseWords, word)
	default:
		return false, false
	}
}

const maxDigits = 40

// Whole returns the digits of a JSON number that is whole and not negative, however it is written: 7, 7.0, 7e0. It does
// not round.
func Whole(v gjson.Result) (digits string, ok bool) {
	raw := v.Raw
	if v.Type != gjson.Number || len(raw) > maxDigits {
		return "", false
	}
	if strings.Trim(raw, "0123456789") == "" {
		return raw, true
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(raw), "e")
	before, after, _ := strings.Cut(mantissa, ".")
	shift, sign := 0, strings.HasPrefix(power, "-")
	for _, c := range strings.TrimLeft(power, "+-") {
		if shift = shift*10 + int(c-'0'); shift > maxDigits {
			return "", false
		}
	}
	if sign {
		shift = -shift
	}
	all, point := before+after, len(before)+shift
	switch {
	case strings.HasPrefix(raw, "-"), point <= 0 && strings.Trim(all, "0") != "":
		return "", false
	case point > len(all):
		all += strings.Repeat("0", point-len(all))
	case strings.Trim(all[max(point, 0):], "0") != "":
		return "", false
	default:
		all = all[:max(point, 0)]
	}
	if all = strings.TrimLeft(all, "0"); all == "" {
		all = "0"
	}
	return all, len(all) <= maxDigits
}

// Each calls f with each element of a list until f returns false. A list is an array, an object with the keys 0, 1, 2 …
// (as PHP writes an array with gaps), or one element that stands alone. null, false, "", [], {} and what is missing are
// the empty list.
func Each(v gjson.Result, f func(gjson.Result) bool) {
	switch {
	case v.IsArray(), isNumbered(v):
		v.ForEach(func(_, one gjson.Result) bool { return f(one) })
	case !v.Exists(), v.Type == gjson.Null, v.Type == gjson.False, v.Type == gjson.String && v.Str == "":
	case v.IsObject() && isHollow(v):
	default:
		f(v)
	}
}

// isNumbered reports whether an object has numbers for keys, and something in it.
func isNumbered(v gjson.Result) bool {
	if !v.IsObject() {
		return false
	}
	numbered := false
	v.ForEach(func(key, _ gjson.Result) bool {
		numbered = key.Str != "" && len(key.Str) <= maxDigits && strings.Trim(key.Str, "0123456789") == ""
		return numbered
	})
	return numbered
}

// maxDepth is how deep Silent and Repeats look: both read each level anew.
const maxDepth = 32

// Silent reports whether a JSON document says nothing: all that it has is null, 0, "", [] and {}. That is how a list
// looks that was left out because it is empty. false is not silent: it may say that something failed.
func Silent(doc []byte) bool { return silent(gjson.ParseBytes(doc), maxDepth) }

func silent(v gjson.Result, depth int) bool {
	switch {
	case v.Type == gjson.JSON:
		quiet := depth > 0
		if quiet {
			v.ForEach(func(_, one gjson.Result) bool { quiet = silent(one, depth-1); return quiet })
		}
		return quiet
	case v.Type == gjson.Number:
		return v.Num == 0
	default:
		return v.Type == gjson.Null || v.Type == gjson.String && v.Str == ""
	}
}

// Repeats reports whether an object somewhere in v has a key twice, as some readers take the first and others the last,
// or whether v is nested too deep to tell.
func Repeats(v gjson.Result) bool { return repeats(v, maxDepth) }

func repeats(v gjson.Result, depth int) bool {
	if v.Type != gjson.JSON {
		return false
	}
	if depth == 0 {
		return true
	}
	const few = 16 // of which a slice is faster than a map
	keys, many := make([]string, 0, 8), map[string]bool(nil)
	repeated, named := false, v.IsObject()
	v.ForEach(func(key, one gjson.Result) bool {
		switch {
		case !named:
		case len(keys) < few:
			repeated = slices.Contains(keys, key.Str)
			keys = append(keys, key.Str)
		default:
			if many == nil {
				many = map[string]bool{}
			}
			repeated = many[key.Str] || slices.Contains(keys, key.Str)
			many[key.Str] = true
		}
		repeated = repeated || repeats(one, depth-1)
		return !repeated
	})
	return repeated
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
