package sim

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCall is a whole call over loopback against a minimal service: greeting, two entries of digits, variables,
// transfer. cpu-µs/call is the processor time of the simulator, user and kernel; the service is another process.
func BenchmarkCall(b *testing.B) {
	for _, n := range []int{1, 50} {
		b.Run(map[int]string{1: "one at a time", 50: "50 at a time"}[n], func(b *testing.B) {
			address := benchProcess(b)
			sw, err := New(Options{Address: address})
			require.NoError(b, err)
			b.ReportAllocs()
			before := cpu(b)
			var wg sync.WaitGroup
			calls := make(chan struct{}, n)
			for b.Loop() {
				calls <- struct{}{}
				wg.Go(func() {
					defer func() { <-calls }()
					r, err := sw.Call(b.Context(), benchCall())
					if err != nil || r.Destination != "menu XML default" {
						b.Errorf("call ended %q at %q (%s): %v", r.End, r.Destination, r.Reason, err)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/call")
		})
	}
}

func benchCall() CallOptions {
	return CallOptions{From: "+15551234567", To: "5000", Caller: Keys(Pace{}, "100042#", "2468#")}
}

// BenchmarkFrames is the simulator alone: all that it renders and parses in such a call, with a connection that costs
// nothing.
func BenchmarkFrames(b *testing.B) {
	sw, err := New(Options{Dialplan: []Action{{"socket", "unused"}}})
	require.NoError(b, err)
	b.ReportAllocs()
	var bytes int
	before := cpu(b)
	for b.Loop() {
		c := newCall(b.Context(), sw, benchCall())
		free := &freeConnection{}
		c.wire.conn, c.wire.open, c.inSocket, c.controlled = free, true, true, true
		for rest := []byte(benchCommands); len(rest) > 0; {
			var cmd command
			cmd, rest, _, _ = parseCommand(rest, Release1_10)
			c.answerCommand(&cmd)
		}
		c.commands()
		bytes = free.bytes + len(c.wire.out)
		c.wire.conn = nil // there is nothing to close
		c.recycle()
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/call")
	b.ReportMetric(float64(bytes), "bytes/call")
}

// freeConnection counts and drops what is written.
type freeConnection struct {
	net.Conn
	bytes int
}

func (c *freeConnection) Write(b []byte) (int, error) {
	c.bytes += len(b)
	return len(b), nil
}

func (c *freeConnection) SetWriteDeadline(time.Time) error { return nil }

const benchDigits = "play_and_get_digits\n" +
	"execute-app-arg: 4 8 1 4000 #* tone_stream://%(300,50,440) silence_stream://10 cs_digits '' 2000"

func benchSend(app string) string {
	return "sendmsg\ncall-command: execute\nexecute-app-name: " + app + "\nevent-lock: true\nEvent-UUID: 4a1c\n\n"
}

var (
	benchGreeting = "myevents\n\nfilter Event-Name CHANNEL_EXECUTE_COMPLETE\n\nfilter Event-Name CHANNEL_HANGUP\n\n" +
		benchSend("answer") + benchSend(benchDigits)
	benchHandover = benchSend("multiset\nexecute-app-arg: ^^|cs_status=verified|cs_customer=100042|socket_resume=") +
		benchSend("transfer\nexecute-app-arg: menu XML default")
	benchCommands = "connect\n\n" + benchGreeting + benchSend(benchDigits) + benchHandover
)

// benchProcess runs the service in another process, so that the processor time of this one is the simulator's.
func benchProcess(b *testing.B) string {
	service := exec.Command(os.Args[0])
	service.Env = append(os.Environ(), "SIM_BENCH_SERVICE=1")
	in, err := service.StdinPipe()
	require.NoError(b, err)
	out, err := service.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, service.Start())
	b.Cleanup(func() { _ = in.Close(); _ = service.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(address)
}

// benchMain is the main function of that process: it serves until its input ends.
func benchMain() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go benchServe(conn)
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func benchServe(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 64<<10)
	await := func(mark string, times int) bool {
		n := 0
		for times > 0 {
			got, err := conn.Read(buf[n:])
			times -= bytes.Count(buf[max(n-len(mark)+1, 0):n+got], []byte(mark))
			if n += got; n > len(buf)/2 {
				n = copy(buf, buf[n-len(mark)+1:n])
			}
			if err != nil {
				return false
			}
		}
		return true
	}
	say := func(text string) { _, _ = conn.Write([]byte(text)) }
	say("connect\n\n")
	await("\nControl: ", 1)
	say(benchGreeting)
	await("\nApplication: play_and_get_digits", 1)
	say(benchSend(benchDigits))
	await("\nApplication: play_and_get_digits", 1)
	say(benchHandover)
	await("never", 1)
}

// cpu is the processor time of this process so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
