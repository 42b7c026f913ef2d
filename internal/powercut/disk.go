// Package powercut is a file system for tests that forgets what was not synced to disk, as a machine does whose power
// fails. It needs Linux, /dev/fuse and the right to mount.
package powercut

import (
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Disk is a mounted file system in memory.
type Disk struct {
	// Dir is where it is mounted.
	Dir string

	t      testing.TB
	server *fuse.Server

	mu     sync.Mutex
	root   *folder
	inodes uint64
}

// file is what the kernel shows of a file, and what is on the disk.
type file struct {
	inode        uint64
	live, synced []byte
}

// folder holds *file and *folder by their names. The names that are on the disk are those of the last sync of the folder
// or, for one entry, of a file in it or below, as with ext4, XFS and Btrfs.
type folder struct {
	inode        uint64
	live, synced map[string]any
	in           *folder // nil for the root
	name         string
}

// New mounts an empty disk, and unmounts it at the end of the test. Where that is not possible, the test is skipped.
func New(t testing.TB) *Disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a disk that forgets is a file system of the test's own: run as root")
	}
	probe, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("a disk that forgets needs the kernel's module fuse: %v", err)
	}
	_ = probe.Close()
	d := &Disk{Dir: t.TempDir(), t: t}
	d.root = d.newFolder(nil, "")
	d.mount()
	t.Cleanup(func() { _ = d.server.Unmount() })
	return d
}

func (d *Disk) mount() {
	d.t.Helper()
	server, err := fs.Mount(d.Dir, &folderNode{disk: d, folder: d.root}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMount: true, FsName: "powercut", Name: "powercut"},
	})
	if err != nil {
		d.t.Skipf("a disk that forgets cannot be mounted: %v", err)
	}
	d.server = server
}

// Cut forgets what was not synced. Nobody may have a file open. Of the content of each file, and of the names in each
// folder, the kernel has either written all that was not synced or nothing of it; r decides for each.
func (d *Disk) Cut(r *rand.Rand) {
	d.t.Helper()
	if err := d.server.Unmount(); err != nil {
		d.t.Fatalf("unmount the disk, a process still uses it: %v", err)
	}
	d.mu.Lock()
	d.root.cut(r, map[any]bool{})
	d.mu.Unlock()
	d.mount()
}

// cut looks at everything once: a file may have two names.
func (f *folder) cut(r *rand.Rand, done map[any]bool) {
	if done[f] {
		return
	}
	done[f] = true
	if r.IntN(2) == 0 {
		f.live = maps.Clone(f.synced)
	}
	f.synced = maps.Clone(f.live)
	for _, entry := range f.live {
		switch e := entry.(type) {
		case *folder:
			e.cut(r, done)
		case *file:
			if !done[e] && r.IntN(2) == 0 {
				e.live = append([]byte(nil), e.synced...)
			}
			done[e], e.synced = true, append([]byte(nil), e.live...)
		}
	}
}

func (d *Disk) newFolder(in *folder, name string) *folder {
	d.inodes++
	return &folder{inode: d.inodes, live: map[string]any{}, synced: map[string]any{}, in: in, name: name}
}

// keep puts the name of an entry on the disk, and those of the folders above it.
func (f *folder) keep(name string, entry any) {
	if f == nil {
		return
	}
	if f.live[name] == entry {
		f.synced[name] = entry
	}
	f.in.keep(f.name, f)
}

func (d *Disk) newFile() *file {
	d.inodes++
	return &file{inode: d.inodes}
}
