package bus_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/bus"
)

func TestABatchDoesNotCostTheConnection(t *testing.T) {
	t.Parallel()
	nats, events, r, lines := embedded(t).Endpoint(), month(60), newReports(t), &logLines{}
	relayed(t, nats, entriesOf(t, events)...)
	untilCaughtUp(t, nats, bus.ConsumeOptions{Batch: 20, Log: slog.New(lines)}, into(r))
	same(t, events, r)
	assert.Equal(t, 1, lines.with("INFO nats connected"))
	assert.Zero(t, lines.with("WARN nats away"))
}
