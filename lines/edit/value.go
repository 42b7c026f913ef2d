package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// plainWord is a text that needs no quotes, but for the words of reserved. It never looks like a number or a date.
var plainWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./*+-]*( [A-Za-z0-9_./*+-]+)*$`)

var reserved = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n", "inf", "nan"}

// yamlOf writes a value on one line: a string, an int, a bool, a Plain, or a list or map of these.
func yamlOf(value any) (string, error) {
	switch v := value.(type) {
	case Plain:
		if !plainValue.MatchString(string(v)) {
			return "", fmt.Errorf("%q is no number, time or range", string(v))
		}
		return string(v), nil
	case string:
		if plainWord.MatchString(v) && !slices.Contains(reserved, strings.ToLower(v)) {
			return v, nil
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return "", err
		}
		return strings.TrimSpace(b.String()), nil
	case int:
		return strconv.Itoa(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case []string:
		all := make([]any, len(v))
		for i, s := range v {
			all[i] = s
		}
		return yamlOf(all)
	case []any:
		var all []string
		for _, x := range v {
			text, err := yamlOf(x)
			if err != nil {
				return "", err
			}
			all = append(all, text)
		}
		return "[" + strings.Join(all, ", ") + "]", nil
	case map[string]any:
		inside, err := pairsOf(v)
		return "{" + inside + "}", err
	}
	return "", fmt.Errorf("no way to write a %T", value)
}

// pairsOf writes a map without its brackets.
func pairsOf(m map[string]any) (string, error) {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		text, err := yamlOf(m[key])
		if err != nil {
			return "", err
		}
		all = append(all, written(key)+": "+text)
	}
	return strings.Join(all, ", "), nil
}

// Plain is a number, a time or a range, which is written without quotes: 0.8, 5s, 4-6.
type Plain string

var plainValue = regexp.MustCompile(`^[0-9][0-9A-Za-z.-]{0,31}$`)

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// written is a key as YAML.
func written(key string) string {
	if plainKey.MatchString(key) && !slices.Contains(reserved, strings.ToLower(key)) {
		return key
	}
	text, _ := yamlOf(" " + key) // in quotes
	return `"` + text[2:]
}
