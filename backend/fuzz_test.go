package backend

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
)

// FuzzAnswer: whatever a backend says, nothing panics, and only what is said without doubt is a customer or a yes.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`,
		`{"customers": [{"id": "C-1", "name": "Ada", "secrets": ["pin"]}], "valid": true,
			"phones": [{"number": "+4930123456", "since": "2020-02-03"}]}`,
		`{"customers": {"id": 7}, "valid": "true"}`, `{"customers": [{"id": "a\u0000b"}], "valid": 1}`, `{"valid": true`,
		`{"valid": true, "valid": false}`,
		strings.Repeat(`[`, 20000), `{"customers": [{"id": {"id": 1}}]}`, "{\"customers\": [{\"id\": \"\xff\"}]}", `"valid"`,
		`{"a":1}{"valid":true}`,
	} {
		f.Add([]byte(seed))
	}
	fields := Fields{ID: "id", Name: "name", Language: "language", Enrolled: "secrets",
		Has: map[string]string{"pin": "pin"}}
	lookups := []*lookup{{path: "customers", fields: fields}, {fields: fields},
		{path: "customers", found: "total", fields: fields}}
	byBool, err := endpoint.Verdict{OK: "valid"}.Compile(nil, nil, true)
	require.NoError(f, err)
	byWord, err := endpoint.Verdict{OK: "valid", OKValues: []string{"yes"}, WrongValues: []string{"no"}}.
		Compile(nil, nil, true)
	require.NoError(f, err)
	byStatus, err := endpoint.Verdict{OKStatus: []int{200}}.Compile(nil, nil, true)
	require.NoError(f, err)
	list := &phones{Phones: Phones{Phones: "phones", Number: "number", Since: "since"}}

	f.Fuzz(func(t *testing.T, body []byte) {
		sound := json.Valid(body)
		for _, l := range lookups {
			all, err := l.read(body)
			if err != nil {
				assert.Empty(t, all)
				continue
			}
			require.True(t, sound)
			require.LessOrEqual(t, len(all.customers), maxCustomers)
			ids := map[string]bool{}
			for _, c := range all.customers {
				require.False(t, ids[c.ID], "one customer twice")
				ids[c.ID] = true
				require.NotEmpty(t, c.ID)
				require.LessOrEqual(t, len(c.ID), maxID)
				require.LessOrEqual(t, len(c.Name), maxName)
				require.Negative(t, strings.IndexFunc(c.ID+c.Name+c.Language, unicode.IsControl))
			}
		}
		for want, v := range map[string]endpoint.Judge{
			`(?i)^("?(true|1|yes|y|t)"?|1(\.0*)?(e[+-]?0+)?)$`: byBool, `^"yes"$`: byWord,
		} {
			yes, err := v.Read(&endpoint.Reply{Status: 200, Body: body})
			if yes {
				require.NoError(t, err)
				require.Regexp(t, want, first(t, body, "valid"))
			}
		}
		if yes, _ := byStatus.Read(&endpoint.Reply{Status: 200, Body: body}); yes {
			require.True(t, sound || len(body) == 0)
		}
		numbers, _, err := list.numbers(body, "DE")
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
