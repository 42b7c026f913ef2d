package relay_test

import (
	"log/slog"
	"testing"

	"countersign/store/relay"

	"github.com/stretchr/testify/assert"
)

func TestABatchDoesNotCostTheConnection(t *testing.T) {
	t.Parallel()
	nats, events, r, lines := embedded(t).Endpoint(), month(60), newReports(t), &logLines{}
	relayed(t, nats, entriesOf(t, events)...)
	untilCaughtUp(t, nats, relay.ConsumeOptions{Batch: 20, Log: slog.New(lines)}, into(r))
	same(t, events, r)
	assert.Equal(t, 1, lines.with("INFO nats connected"))
	assert.Zero(t, lines.with("WARN nats away"))
}
