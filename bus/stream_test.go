package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

const day = 24 * time.Hour

// settle runs a relay with the configuration once, and returns the stream as it then is.
func settle(t *testing.T, nats bus.Endpoint, c bus.StreamConfig) jetstream.StreamConfig {
	t.Helper()
	r := bus.NewRelay(newOutbox(), nats, bus.RelayConfig{Stream: c}, discard())
	stop := start(t, r)
	flush(t, r)
	stop()
	stream, err := on(t, nats).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	return stream.CachedInfo().Config
}

func TestTheStreamIsMadeAsPolicySays(t *testing.T) {
	t.Parallel()
	got := settle(t, embedded(t).Endpoint(), bus.StreamConfig{})
	assert.Equal(t, []string{"countersign.v1.>"}, got.Subjects)
	assert.Equal(t, jetstream.FileStorage, got.Storage)
	assert.Equal(t, jetstream.LimitsPolicy, got.Retention)
	assert.Equal(t, 90*day, got.MaxAge)
	assert.Equal(t, 10*time.Minute, got.Duplicates)
	assert.Equal(t, 1, got.Replicas)
}

func TestTheStreamFollowsOurConfiguration(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	settle(t, nats, bus.StreamConfig{})
	assert.Equal(t, 30*day, settle(t, nats, bus.StreamConfig{MaxAge: 30 * day}).MaxAge)
	assert.Equal(t, 40*day, settle(t, nats, bus.StreamConfig{MaxAge: 40 * day}).MaxAge)
}

func TestTheStreamKeepsWhatAnOperatorChanged(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	c := settle(t, nats, bus.StreamConfig{})
	c.MaxAge, c.MaxBytes, c.Description, c.Subjects = 400*day, 1<<30, "ours", append(c.Subjects, "crm.>")
	c.Metadata["team"] = "telephony"
	_, err := on(t, nats).UpdateStream(t.Context(), c)
	require.NoError(t, err)

	got := settle(t, nats, bus.StreamConfig{MaxAge: 30 * day, Duplicates: time.Minute})
	assert.Equal(t, 400*day, got.MaxAge)
	assert.EqualValues(t, 1<<30, got.MaxBytes)
	assert.Equal(t, "ours", got.Description)
	assert.Equal(t, []string{"countersign.v1.>", "crm.>"}, got.Subjects)
	assert.Equal(t, "telephony", got.Metadata["team"])
	assert.Equal(t, time.Minute, got.Duplicates, "the operator did not change this one")
}

func TestAStreamThatAnOperatorMadeBeforeIsUsed(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	_, err := on(t, nats).CreateStream(t.Context(), jetstream.StreamConfig{Name: event.Stream,
		Subjects: []string{"countersign.v1.retail.>", "crm.>"}, MaxAge: 400 * day, NoAck: true})
	require.NoError(t, err)

	got := settle(t, nats, bus.StreamConfig{})
	assert.Equal(t, []string{"crm.>", "countersign.v1.>"}, got.Subjects)
	assert.Equal(t, 400*day, got.MaxAge)
	assert.False(t, got.NoAck)
}

func TestAChangeThatNATSDoesNotAllowLeavesTheStreamInUse(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	settle(t, nats, bus.StreamConfig{})
	assert.Equal(t, 1, settle(t, nats, bus.StreamConfig{Replicas: 3}).Replicas)
}
