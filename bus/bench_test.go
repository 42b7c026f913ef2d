package bus_test

import (
	"fmt"
	"testing"

	"countersign/bus"
)

func BenchmarkRelayToTheEmbeddedNATS(b *testing.B) {
	for _, batch := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			benchmark(b, embedded(b).Endpoint(), bus.RelayConfig{Batch: batch})
		})
	}
}

func BenchmarkRelayToThreeReplicas(b *testing.B) {
	for _, s := range cluster(b) {
		benchmark(b, external(b, s.ClientURL()), bus.RelayConfig{Stream: bus.StreamConfig{Replicas: 3}})
		return
	}
}

func benchmark(b *testing.B, nats bus.Endpoint, c bus.RelayConfig) {
	box := newOutbox(calls(b, "a", b.N)...)
	r := bus.NewRelay(box, nats, c, discard())
	b.ResetTimer()
	stop := start(b, r)
	flush(b, r)
	b.StopTimer()
	stop()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
