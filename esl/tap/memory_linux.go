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

// ours refuses a folder in which somebody else could read what callers say: memory is open to everybody, who may have
// made it first.
func ours(path string, info os.FileInfo) error {
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", path)
	case owner != 0 && int(owner) != os.Geteuid():
		return fmt.Errorf("%s belongs to another user, who could hear what callers say: remove it", path)
	case info.Mode().Perm()&0o007 != 0:
		return fmt.Errorf("%s is open to every user of this machine: remove it, or take their permissions away", path)
	}
	return nil
}

// giveBack gives memory of the file back to the system, which clears it.
func giveBack(f *os.File, from, n int64) {
	const punchHole, keepSize = 2, 1 // fallocate(2)
	_ = syscall.Fallocate(int(f.Fd()), punchHole|keepSize, from, n)
}
