package endpoint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzEscape: no value leaves its place.
func FuzzEscape(f *testing.F) {
	f.Add(`a"b\c`, "1234")
	f.Add("a&b=c/../?#%\r\n", "\x00\xff")
	inJSON, err := Request{Path: "/{{.Customer}}", Query: map[string]string{"q": "{{.Kind}}"},
		Body: `{"c": "{{.Customer}}", "a": "{{.Answer}}"}`}.
		Compile(May{Public: []string{"Customer", "Kind"}, Secret: []string{"Answer"}},
			Values{Customer: "c", Answer: new(Secrets).Hide([]byte("1"))})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, customer, answer string) {
		a, err := inJSON.fill(Values{Customer: customer, Kind: customer, Answer: new(Secrets).Hide([]byte(answer))})
		if err != nil {
			require.True(t, customer == "." || customer == "..")
			return
		}
		var sent map[string]string
		require.NoError(t, json.Unmarshal(a.payload.bytes, &sent))
		require.Equal(t, map[string]string{"c": clean(customer), "a": clean(answer)}, sent)
		path, query, _ := strings.Cut(a.target, "?")
		require.Equal(t, 1, strings.Count(path, "/"))
		require.Equal(t, 1, strings.Count(query, "=")+strings.Count(query, "&"))
		require.Negative(t, strings.IndexFunc(a.target, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }))
		a.payload.wipe()
		require.Equal(t, make([]byte, len(a.payload.bytes)), a.payload.bytes)
	})
}

// clean has U+FFFD for each byte that is not UTF-8.
func clean(s string) string { return string([]rune(s)) }
