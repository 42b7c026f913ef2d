package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// descriptors leaves the service so many more file descriptors than it has, until mended.
func (s *faultSite) descriptors(more int) (mend func()) {
	s.t.Helper()
	open, err := os.ReadDir(filepath.Join(s.proc(), "fd"))
	require.NoError(s.t, err)
	return s.setLimit(unix.RLIMIT_NOFILE, uint64(len(open)+more))
}

// memory leaves the service so many more bytes than it has.
func (s *faultSite) memory(more uint64) (mend func()) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.proc(), "status"))
	require.NoError(s.t, err)
	_, rest, found := strings.Cut(string(text), "VmData:")
	require.True(s.t, found)
	kilobytes, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
	require.NoError(s.t, err)
	return s.setLimit(unix.RLIMIT_DATA, kilobytes<<10+more)
}

func (s *faultSite) proc() string {
	return filepath.Join("/proc", strconv.Itoa(s.service.cmd.Process.Pid))
}

// setLimit sets a limit of the running service.
func (s *faultSite) setLimit(what int, to uint64) (mend func()) {
	s.t.Helper()
	pid := s.service.cmd.Process.Pid
	var before unix.Rlimit
	require.NoError(s.t, unix.Prlimit(pid, what, nil, &before))
	require.NoError(s.t, unix.Prlimit(pid, what, &unix.Rlimit{Cur: to, Max: before.Max}, nil))
	return func() { require.NoError(s.t, unix.Prlimit(pid, what, &before, nil)) }
}
