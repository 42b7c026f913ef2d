package main

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// badDisk is a disk that can break: whatever changes it is slow, or fails.
type badDisk struct {
	fuse.RawFileSystem
	fails atomic.Int32 // a fuse.Status, 0 is none
	slow  atomic.Int64 // how long a change takes
}

// newBadDisk puts one at a folder. It is whole.
func newBadDisk(t *testing.T, folder string) *badDisk {
	t.Helper()
	below := inMemory(t)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	root, err := fs.NewLoopbackRoot(below)
	require.NoError(t, err)
	long := time.Minute
	d := &badDisk{RawFileSystem: fs.NewNodeFS(root, &fs.Options{AttrTimeout: &long, EntryTimeout: &long})}
	server, err := fuse.NewServer(d, folder, &fuse.MountOptions{
		Name: filepath.Base(folder), DirectMount: true,
		DisabledCapabilities: fuse.CAP_PASSTHROUGH, // the kernel would write past us
	})
	if err != nil {
		t.Skipf("a disk that breaks is a file system of the test's own: run as root on Linux with /dev/fuse: %v", err)
	}
	go server.Serve()
	t.Cleanup(func() {
		d.mend()
		assert.NoError(t, server.Unmount())
	})
	require.NoError(t, server.WaitMount())
	return d
}

func (d *badDisk) mend() {
	d.fails.Store(int32(fuse.OK))
	d.slow.Store(0)
}

// change lets a change begin, or fail.
func (d *badDisk) change() fuse.Status {
	if wait := time.Duration(d.slow.Load()); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		<-timer.C
	}
	return fuse.Status(d.fails.Load())
}

func (d *badDisk) Writev(cancel <-chan struct{}, in *fuse.WriteIn, data [][]byte) (uint32, fuse.Status) {
	if bad := d.change(); !bad.Ok() {
		return 0, bad
	}
	return d.RawFileSystem.Writev(cancel, in, data)
}

func (d *badDisk) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if bad := d.change(); !bad.Ok() {
		return bad
	}
	return d.RawFileSystem.Fsync(cancel, in)
}

func (d *badDisk) Create(cancel <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	if bad := d.change(); !bad.Ok() {
		return bad
	}
	return d.RawFileSystem.Create(cancel, in, name, out)
}

func (d *badDisk) Unlink(cancel <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	if bad := d.change(); !bad.Ok() {
		return bad
	}
	return d.RawFileSystem.Unlink(cancel, in, name)
}

func (d *badDisk) Rename(cancel <-chan struct{}, in *fuse.RenameIn, from, to string) fuse.Status {
	if bad := d.change(); !bad.Ok() {
		return bad
	}
	return d.RawFileSystem.Rename(cancel, in, from, to)
}

func (d *badDisk) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	if bad := d.change(); !bad.Ok() {
		return bad
	}
	return d.RawFileSystem.SetAttr(cancel, in, out)
}

func (d *badDisk) Fallocate(cancel <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	if bad := d.change(); !bad.Ok() {
		return bad
	}
	return d.RawFileSystem.Fallocate(cancel, in)
}

// What the disk rows count would be worth nothing on a disk that never breaks.
func TestABadDiskFailsAndMends(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "disk")
	d := newBadDisk(t, folder)
	file, err := os.Create(filepath.Join(folder, "file"))
	require.NoError(t, err)
	defer file.Close()
	write := func() error { _, err := file.WriteAt([]byte("text"), 0); return err }
	require.NoError(t, write())
	for _, bad := range []syscall.Errno{syscall.EROFS, syscall.EIO} {
		d.fails.Store(int32(bad))
		require.ErrorIs(t, write(), bad)
		require.ErrorIs(t, os.WriteFile(filepath.Join(folder, "other"), nil, 0o600), bad)
		d.mend()
		require.NoError(t, write())
	}
	const wait = 20 * time.Millisecond
	d.slow.Store(int64(wait))
	began := time.Now()
	require.NoError(t, write())
	assert.GreaterOrEqual(t, time.Since(began), wait)
}
