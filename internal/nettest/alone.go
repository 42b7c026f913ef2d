//go:build linux

// Package nettest puts the processes of a test on machines of their own: network namespaces with cables to virtual
// switches, which the test pulls and plugs in again. It is for tests only. It touches nothing of the network that the
// test was started in, and nothing is left of it when the test ends, however it ends.
package nettest

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"countersign/internal/programtest"
)

// parts are those of the test that are asked for: "/killed" of -run TestMachines/killed.
func parts() string {
	if asked := flag.Lookup("test.run"); asked != nil {
		if _, parts, some := strings.Cut(asked.Value.String(), "/"); some {
			return "/" + parts
		}
	}
	return ""
}

const aloneVariable = "COUNTERSIGN_TEST_NETWORK"

// Alone reports whether this process has a network of its own. If not, it runs the test again in a process that has,
// prints what that one says, and fails if that one does. It skips the test where that cannot be done: it takes root, or
// a kernel that lets users make namespaces.
func Alone(t *testing.T) bool {
	t.Helper()
	programtest.Find(t, "ip")
	if os.Getenv(aloneVariable) == t.Name() {
		return true
	}
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$"+parts(), "-test.v", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), aloneVariable+"="+t.Name())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	runtime.LockOSThread() // Pdeathsig is the death of the thread
	defer runtime.UnlockOSThread()
	err = cmd.Start()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("a network of its own needs root, or a kernel that lets users make namespaces: %v", err)
	}
	require.NoError(t, err)
	require.NoError(t, cmd.Wait(), "the test in a network of its own failed: see above")
	return false
}
