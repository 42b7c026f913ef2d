package bus_test

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

// cluster runs three NATS servers that know each other.
func cluster(t testing.TB) map[string]*server.Server {
	t.Helper()
	var routes []*url.URL
	var ports []int
	for range 3 {
		route := &url.URL{Scheme: "nats", Host: freeAddress(t)}
		port, err := strconv.Atoi(route.Port())
		require.NoError(t, err)
		ports, routes = append(ports, port), append(routes, route)
	}
	servers := map[string]*server.Server{}
	for i, name := range []string{"one", "two", "three"} {
		s, err := server.NewServer(&server.Options{
			ServerName: name, Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), Routes: routes,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[i]},
		})
		require.NoError(t, err)
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		servers[name] = s
	}
	for _, s := range servers {
		require.True(t, s.ReadyForConnections(patience))
	}
	require.Eventually(t, func() bool {
		for _, s := range servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == 3 {
				return true
			}
		}
		return false
	}, patience, 10*time.Millisecond)
	return servers
}

func TestEventsAreInAReplicatedStreamOnceAndInOrderWhenItsLeaderStops(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("an election takes seconds: run without -short")
	}
	servers := cluster(t)
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.ClientURL())
	}
	nats := external(t, strings.Join(urls, ","))
	box := newOutbox(calls(t, "a", 1000)...)
	reached, down := make(chan struct{}, 1), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(down) })
	defer goOn()
	box.before(func(upTo int64) error {
		if upTo > 800 {
			<-down // so that the server stops before the end, even on a slow machine
		}
		if upTo > 200 {
			select {
			case reached <- struct{}{}:
			default:
			}
		}
		return nil
	})
	r := bus.NewRelay(box, nats, bus.RelayConfig{Stream: bus.StreamConfig{Replicas: 3}, AckWait: time.Second}, discard())
	start(t, r)
	select {
	case <-reached:
	case <-time.After(patience):
		require.Fail(t, "nothing published", r.Status().LastError)
	}
	js := on(t, nats)
	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	assert.Equal(t, 3, stream.CachedInfo().Config.Replicas)
	leader := servers[stream.CachedInfo().Cluster.Leader]
	leader.Shutdown()
	goOn()
	require.Less(t, box.published(), int64(1000), "the leader must stop before the end")
	flush(t, r)

	// The reading consumer may be on a server that is a moment behind, or find no leader.
	var ids []string
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var err error
		ids, err = readStream(ctx, js)
		return err == nil && len(ids) >= 1000
	}, patience, 10*time.Millisecond)
	sameIDs(t, box.ids(), ids)
}
