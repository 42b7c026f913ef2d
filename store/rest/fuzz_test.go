package rest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzAnswer: whatever a backend says, nothing panics, and only what is said without doubt is a customer or a yes.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"customers": [{"id": "C-1", "name": "Ada", "secrets": ["pin"]}], "valid": true, "phones": [{"number": "+4930123456", "since": "2020-02-03"}]}`,
		`{"customers": {"id": 7}, "valid": "true"}`, `{"customers": [{"id": "a\u0000b"}], "valid": 1}`, `{"valid": true`, `{"valid": true, "valid": false}`,
		strings.Repeat(`[`, 20000), `{"customers": [{"id": {"id": 1}}]}`, "{\"customers\": [{\"id\": \"\xff\"}]}", `"valid"`, `{"a":1}{"valid":true}`,
	} {
		f.Add([]byte(seed))
	}
	fields := Fields{ID: "id", Name: "name", Language: "language", Enrolled: "secrets", Has: map[string]string{"pin": "pin"}}
	lookups := []*lookup{{path: "customers", fields: fields}, {fields: fields}, {path: "customers", found: "total", fields: fields}}
	byBool, err := Verdict{OK: "valid"}.compile(nil, true)
	require.NoError(f, err)
	byWord, err := Verdict{OK: "valid", OKValues: []string{"yes"}, WrongValues: []string{"no"}}.compile(nil, true)
	require.NoError(f, err)
	byStatus, err := Verdict{OKStatus: []int{200}}.compile(nil, true)
	require.NoError(f, err)
	list := &phones{Phones: Phones{Phones: "phones", Number: "number", Since: "since"}}

	f.Fuzz(func(t *testing.T, body []byte) {
		sound := json.Valid(body)
		for _, l := range lookups {
			all, err := l.customers(body)
			if err != nil {
				assert.Empty(t, all[:0])
				continue
			}
			require.True(t, sound)
			require.LessOrEqual(t, len(all), maxCustomers)
			for _, c := range all {
				require.NotEmpty(t, c.ID)
				require.LessOrEqual(t, len(c.ID), maxID)
				require.LessOrEqual(t, len(c.Name), maxName)
				require.Negative(t, strings.IndexFunc(c.ID+c.Name+c.Language, unicode.IsControl))
			}
		}
		for want, v := range map[string]verdict{`true`: byBool, `"yes"`: byWord} {
			yes, err := v.read(&reply{status: 200, body: body})
			if yes {
				require.NoError(t, err)
				require.Equal(t, want, first(t, body, "valid"))
			}
		}
		if yes, _ := byStatus.read(&reply{status: 200, body: body}); yes {
			require.True(t, sound || len(body) == 0)
		}
		numbers, err := list.numbers(body, "DE")
		require.True(t, err != nil || sound)
		for _, n := range numbers {
			require.True(t, strings.HasPrefix(n.E164, "+"))
			require.False(t, n.Since.IsZero())
		}
	})
}

// first is what encoding/json finds first under a key of an object.
func first(t *testing.T, body []byte, key string) string {
	d := json.NewDecoder(bytes.NewReader(body))
	begin, err := d.Token()
	require.NoError(t, err)
	require.Equal(t, json.Delim('{'), begin)
	for d.More() {
		name, err := d.Token()
		require.NoError(t, err)
		var value json.RawMessage
		require.NoError(t, d.Decode(&value))
		if name == key {
			return string(value)
		}
	}
	require.Fail(t, "there is no such key")
	return ""
}

// FuzzEscape: no value leaves its place.
func FuzzEscape(f *testing.F) {
	f.Add(`a"b\c`, "1234")
	f.Add("a&b=c/../?#%\r\n", "\x00\xff")
	inJSON, err := Request{Path: "/{{.Customer}}", Query: map[string]string{"q": "{{.Kind}}"}, Body: `{"c": "{{.Customer}}", "a": "{{.Answer}}"}`}.
		compile(may{public: []string{"Customer", "Kind"}, secret: []string{"Answer"}}, values{Customer: "c", Answer: new(secrets).hide([]byte("1"))})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, customer, answer string) {
		a, err := inJSON.fill(values{Customer: customer, Kind: customer, Answer: new(secrets).hide([]byte(answer))})
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
