package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Both ends of the wire between FreeSWITCH and the service, for one test at a time.
const (
	outside, inside         = "10.209.84.1", "10.209.84.2"
	outsideLink, insideLink = "csfault0", "csfault1"
)

// startInNetwork starts the service in a network of its own, with a wire to FreeSWITCH.
func (s *faultSite) startInNetwork() {
	s.t.Helper()
	if os.Getuid() != 0 {
		s.t.Skip("a network of its own is root's to make: run as root")
	}
	s.network = fmt.Sprint("csfault-", os.Getpid())
	ip(s.t, "netns", "add", s.network)
	s.t.Cleanup(func() { ip(s.t, "netns", "del", s.network) })
	ip(s.t, "link", "add", outsideLink, "type", "veth", "peer", "name", insideLink, "netns", s.network)
	ip(s.t, "addr", "add", outside+"/24", "dev", outsideLink)
	ip(s.t, "link", "set", outsideLink, "up")
	ip(s.t, "-n", s.network, "addr", "add", inside+"/24", "dev", insideLink)
	ip(s.t, "-n", s.network, "link", "set", "lo", "up")
	s.link("up")

	s.address, s.dial = inside+":8084", dialIn(s.network)
	s.socket = fmt.Sprintf("listen: %q, allow: [%q], drain: 10s", s.address, outside+"/32")
	s.config(`listen: "127.0.0.1:0"`)
	s.in = []string{"ip", "netns", "exec", s.network}
	s.startCalls()
}

// link takes the service's end of the wire up or down.
func (s *faultSite) link(to string) {
	s.t.Helper()
	ip(s.t, "-n", s.network, "link", "set", insideLink, to)
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	require.NoError(t, err, "ip %v: %s", args, out)
}

// dialIn connects from within another network.
func dialIn(network string) func(network, address string) (net.Conn, error) {
	return func(kind, address string) (conn net.Conn, err error) {
		done := make(chan struct{})
		go func() { // its thread ends with it, and is nobody else's afterwards
			defer close(done)
			runtime.LockOSThread()
			var at int
			if at, err = unix.Open("/run/netns/"+network, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
				return
			}
			defer unix.Close(at)
			if err = unix.Setns(at, unix.CLONE_NEWNET); err != nil {
				return
			}
			conn, err = net.DialTimeout(kind, address, 5*time.Second)
		}()
		<-done
		return conn, err
	}
}

func TestAConnectionIsMadeInTheOtherNetwork(t *testing.T) {
	t.Parallel()
	_, err := dialIn("no-such-network")("tcp", "127.0.0.1:1")
	assert.ErrorContains(t, err, "no such file")
}
