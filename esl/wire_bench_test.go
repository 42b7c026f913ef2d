package esl_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"countersign/esl"
	"countersign/session"

	"github.com/percipia/eslgo"
	"github.com/percipia/eslgo/command"
	"github.com/percipia/eslgo/command/call"
	"github.com/stretchr/testify/require"
)

// BenchmarkWire measures the server's CPU for the wire of one call, with the exchange of the recordings: connect,
// myevents, answer, two digit prompts, multiset, transfer; 50 calls at a time, frames of full size. FreeSWITCH's side
// runs in a process of its own, so that cpu-µs/call is the server's own user and system time (getrusage). A minimal
// server on eslgo is measured beside it; as it sets no filters, it gets what FreeSWITCH sends then: 25 events, 160 KB.
func BenchmarkWire(b *testing.B) {
	b.Run("countersign", func(b *testing.B) {
		benchmarkWire(b, func(l net.Listener) (stop func()) {
			s := esl.NewServer(func(ctx context.Context, _ session.Call, ch session.Channel) {
				for range 2 {
					entry, err := ch.Collect(ctx, pin())
					if err != nil || string(entry.Digits.Reveal()) != "2468" {
						b.Errorf("digits %v: %v", entry, err)
						return
					}
					entry.Digits.Wipe()
				}
				to := handover()
				to.Headers = nil // the recorded exchange exports none, nor does the call on eslgo
				if err := ch.Transfer(ctx, to); err != nil {
					b.Error(err)
				}
			}, esl.Options{})
			done := make(chan struct{})
			go func() { defer close(done); _ = s.Serve(context.Background(), l) }()
			return func() { _ = s.Shutdown(context.Background()); <-done }
		})
	})
	b.Run("eslgo", func(b *testing.B) {
		benchmarkWire(b, func(l net.Listener) (stop func()) {
			addr := l.Addr().String()
			quiet := eslgo.DefaultOutboundOptions
			quiet.Logger = eslgo.NilLogger{}
			_ = l.Close() // eslgo listens for itself, and cannot be stopped
			go func() {
				_ = quiet.ListenAndServe(addr, eslgoCall)
			}()
			return func() {}
		})
	})
}

// eslgoCall is the same call on eslgo.
func eslgoCall(ctx context.Context, conn *eslgo.Conn, response *eslgo.RawResponse) {
	uuid := response.GetHeader("Unique-ID")
	_, _ = conn.SendCommand(ctx, command.MyEvents{Format: "plain"})
	execute := func(app, arg, id string) {
		done := make(chan struct{}, 1)
		listener := conn.RegisterEventListener(uuid, func(e *eslgo.Event) {
			if e.GetName() == "CHANNEL_EXECUTE_COMPLETE" && e.GetHeader("Application-UUID") == id {
				select {
				case done <- struct{}{}:
				default:
				}
			}
		})
		defer conn.RemoveEventListener(uuid, listener)
		if _, err := conn.SendCommand(ctx, &call.Execute{AppName: app, AppArgs: arg, AppUUID: id, Sync: true}); err != nil {
			return
		}
		select {
		case <-done:
		case <-time.After(5 * time.Second):
		}
	}
	execute("answer", "", "a1")
	execute("play_and_get_digits", "4 6 1 5000 # /p/ask.wav silence_stream://10 cs_digits '' 3000", "a2")
	execute("play_and_get_digits", "4 6 1 5000 # /p/ask.wav silence_stream://10 cs_digits '' 3000", "a3")
	execute("multiset", "^^|cs_status=verified", "a4")
	execute("transfer", "menu XML default", "a5")
}

func benchmarkWire(b *testing.B, start func(net.Listener) (stop func())) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	addr := l.Addr().String()
	stop := start(l)
	defer stop()
	b.ResetTimer()
	before := cpu()
	peer := exec.Command(os.Args[0])
	peer.Env = append(os.Environ(), "ESL_BENCH_ADDR="+addr, "ESL_BENCH_CALLS="+strconv.Itoa(b.N))
	out, err := peer.CombinedOutput()
	require.NoError(b, err, string(out))
	b.StopTimer()
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/call")
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
