package programtest

import (
	"os"
	"testing"
)

// Memory returns a folder in memory that is removed with the test. Without one the test is skipped.
func Memory(tb testing.TB) string {
	tb.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "countersign-test-")
	if err != nil {
		tb.Skipf("no folder in memory: mount a tmpfs on /dev/shm: %v", err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}
