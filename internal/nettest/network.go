//go:build linux

package nettest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Network is that of this process, which is Alone. The test itself is on every switch.
type Network struct {
	t      *testing.T
	cables int
}

// New brings up the network of this process.
func New(t *testing.T) *Network {
	t.Helper()
	n := &Network{t: t}
	n.ip("link", "set", "lo", "up")
	return n
}

// Set changes a setting of the kernel for this process's network: net.ipv4.tcp_syn_retries.
func (n *Network) Set(name, value string) {
	n.t.Helper()
	path := filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
	require.NoError(n.t, os.WriteFile(path, []byte(value), 0))
}

// Switch connects machines.
type Switch struct {
	n    *Network
	name string
	net  string
}

// Switch makes one for addresses that begin with net: "10.77.1". The test has net.254. It skips the test on a kernel
// without bridges.
func (n *Network) Switch(name, net string) *Switch {
	n.t.Helper()
	if out, err := exec.Command("ip", "link", "add", name, "type", "bridge").CombinedOutput(); err != nil {
		n.t.Skipf("a switch needs the kernel's module bridge: ip link add: %s", out)
	}
	n.ip("addr", "add", net+".254/24", "dev", name)
	n.ip("link", "set", name, "up")
	return &Switch{n, name, net}
}

// Machine is a network namespace.
type Machine struct {
	n      *Network
	Name   string
	handle *os.File
	cables map[*Switch]string // our ends
}

// Machine makes one without a cable.
func (n *Network) Machine(name string) *Machine {
	t := n.t
	t.Helper()
	m := &Machine{n: n, Name: name, cables: map[*Switch]string{}}
	made := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			m.handle, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	require.NoError(t, <-made)
	t.Cleanup(func() { _ = m.handle.Close() })
	m.ip("link", "set", "lo", "up")
	return m
}

// Plug connects the machine to a switch, as net.host, and returns that address.
func (m *Machine) Plug(s *Switch, host int) (address string) {
	m.n.t.Helper()
	m.n.cables++
	ours, theirs := fmt.Sprint("cable", m.n.cables), s.name+"0"
	address = fmt.Sprintf("%s.%d", s.net, host)
	ns := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), m.handle.Fd())
	m.n.ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", ns)
	m.ip("addr", "add", address+"/24", "dev", theirs)
	m.ip("link", "set", theirs, "up")
	m.n.ip("link", "set", ours, "up")
	m.cables[s] = ours
	m.Mend(s)
	return address
}

// Cut pulls the machine's cable out of the switch. Nothing on the machine notices but by silence.
func (m *Machine) Cut(s *Switch) {
	m.n.t.Helper()
	m.n.ip("link", "set", m.cables[s], "nomaster")
}

// Mend puts the cable back.
func (m *Machine) Mend(s *Switch) {
	m.n.t.Helper()
	m.n.ip("link", "set", m.cables[s], "master", s.name)
}

// Silence has the machine answer nobody on the test's own address, not even with a refusal, until the end of the test: one
// that hears and says nothing, as behind a firewall that drops packets.
func (m *Machine) Silence(s *Switch) {
	m.n.t.Helper()
	m.ip("route", "add", "blackhole", s.net+".254/32")
}

// Listen listens on the machine, for the test itself.
func (m *Machine) Listen(address string) (l net.Listener) {
	t := m.n.t
	t.Helper()
	done := make(chan error, 1)
	go func() { // the socket stays on the machine when the thread has ended
		err := m.enter()
		if err == nil {
			l, err = net.Listen("tcp", address)
		}
		done <- err
	}()
	require.NoError(t, <-done)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// Start starts a process on the machine. It dies with the test; ended is closed when it has ended, and cmd.ProcessState
// is there.
func (m *Machine) Start(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started, over := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(over)
		err := m.enter()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return over, <-started
}

// enter moves the goroutine's thread to the machine, for good: it ends with the goroutine.
func (m *Machine) enter() error {
	runtime.LockOSThread()
	return unix.Setns(int(m.handle.Fd()), unix.CLONE_NEWNET)
}

// ip configures the test's own network, or that of a machine.
func (n *Network) ip(args ...string) {
	n.t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	require.NoError(n.t, err, "ip %s: %s", strings.Join(args, " "), out)
}

func (m *Machine) ip(args ...string) {
	m.n.t.Helper()
	cmd := exec.Command("ip", args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	ended, err := m.Start(cmd)
	require.NoError(m.n.t, err)
	<-ended
	require.True(m.n.t, cmd.ProcessState.Success(), "ip %s: %s", strings.Join(args, " "), out.String())
}
