package relay_test

import (
	"fmt"
	"testing"

	"countersign/store/relay"
)

func BenchmarkRelayToTheEmbeddedNATS(b *testing.B) {
	for _, batch := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			benchmark(b, embedded(b).Endpoint(), relay.Config{Batch: batch})
		})
	}
}

func BenchmarkRelayToThreeReplicas(b *testing.B) {
	for _, s := range cluster(b) {
		benchmark(b, external(b, s.ClientURL()), relay.Config{Stream: relay.StreamConfig{Replicas: 3}})
		return
	}
}

func benchmark(b *testing.B, nats relay.Endpoint, c relay.Config) {
	box := newOutbox(calls(b, "a", b.N)...)
	r := relay.New(box, nats, c, discard())
	b.ResetTimer()
	stop := start(b, r)
	flush(b, r)
	b.StopTimer()
	stop()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
