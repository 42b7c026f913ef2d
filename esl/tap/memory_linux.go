package tap

import (
	"fmt"
	"os"
	"syscall"
)

// File systems that are in memory (statfs(2)).
const (
	tmpfs = 0x01021994
	ramfs = 0x858458f6
)

func inMemory(path string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if kind := uint32(s.Type); kind != tmpfs && kind != ramfs {
		return fmt.Errorf("%s is on a disk: what callers say must be in memory; use a folder on tmpfs, such as %s",
			path, DefaultFolder)
	}
	return nil
}

// giveBack gives memory of the file back to the system, which clears it.
func giveBack(f *os.File, from, n int64) {
	const punchHole, keepSize = 2, 1 // fallocate(2)
	_ = syscall.Fallocate(int(f.Fd()), punchHole|keepSize, from, n)
}
