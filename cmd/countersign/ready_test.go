package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
)

func TestReadinessNamesTheCauseOfEachFailure(t *testing.T) {
	t.Parallel()
	away := fmt.Errorf("guard: %w: nats: timeout", bus.ErrAway)
	full, locked := errors.New("maximum bytes exceeded"), fmt.Errorf("%w: read: database is locked", bus.ErrOutbox)
	const (
		shared, events = "NATS is away: locks count on this machine only: ", "NATS is away: events wait: "
		outbox         = "events wait in the journal: "
	)
	for name, c := range map[string]struct {
		buckets, events error
		want            []string
	}{
		"all is well":                        {nil, nil, nil},
		"the outbox cannot be read":          {nil, locked, []string{outbox + locked.Error()}},
		"NATS is away":                       {away, away, []string{shared + away.Error(), events + away.Error()}},
		"NATS is away, and the outbox fails": {away, locked, []string{shared + away.Error(), outbox + locked.Error()}},
		"the buckets are full": {full, nil, []string{
			"NATS does not store what machines share: locks may count on this machine only: maximum bytes exceeded"}},
		"the stream is full": {nil, full, []string{"NATS does not store events, they wait: maximum bytes exceeded"}},
	} {
		assert.Equal(t, c.want, natsNotReady(c.buckets, c.events), name)
	}
}

func TestAnOutboxThatCannotBeReadIsNotTakenForNATS(t *testing.T) {
	t.Parallel()
	n := newSite(t, 1, adaAndBob, "").nodes[0]
	db, err := sql.Open("sqlite3", n.journal()+"?_busy_timeout=60000")
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "ALTER TABLE outbox RENAME TO taken_away")
	require.NoError(t, err)
	var text string
	require.Eventually(t, func() bool {
		var status int
		status, text = n.ask("GET", "/readyz", "")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "no such table: outbox")
	}, patience, 10*time.Millisecond)
	assert.Contains(t, text, "events wait in the journal: ")
	assert.NotContains(t, text, "NATS")
}
