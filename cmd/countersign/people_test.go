package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
	"countersign/web/people"
)

func TestAListOfPeopleHasNothingOfHowTheySignIn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printLinesAs(&out, []people.Person{{
		ID: "anna", Name: "Anna", Roles: []access.Role{access.Agent}, Lines: []string{"retail"}, Agents: []string{"1001"},
		Language: "de", Created: time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC), Password: "$argon2id$…", Generation: 7,
		Subject: "hash", Passkeys: []people.Passkey{{}}, Handle: []byte("handle"), Seen: time.Now(),
	}, {ID: "ben", Disabled: true}}, newListedPerson))
	assert.Equal(t, `{"id":"anna","name":"Anna","roles":["agent"],"lines":["retail"],"agents":["1001"],"language":"de",`+
		`"state":"active","created":"2026-11-16T09:00:00Z"}
{"id":"ben","name":"","roles":null,"state":"disabled","created":"0001-01-01T00:00:00Z"}
`, out.String())
}
