package powercut

import (
	"context"
	"hash/fnv"
	"maps"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// folderNode and fileNode are what the kernel asks. All of them take the disk's lock.
type folderNode struct {
	fs.Inode
	disk   *Disk
	folder *folder
}

type fileNode struct {
	fs.Inode
	disk *Disk
	file *file
	in   *folder // where it was found last
	name string
}

var (
	_ fs.NodeLookuper  = (*folderNode)(nil)
	_ fs.NodeReaddirer = (*folderNode)(nil)
	_ fs.NodeCreater   = (*folderNode)(nil)
	_ fs.NodeMkdirer   = (*folderNode)(nil)
	_ fs.NodeUnlinker  = (*folderNode)(nil)
	_ fs.NodeRmdirer   = (*folderNode)(nil)
	_ fs.NodeRenamer   = (*folderNode)(nil)
	_ fs.NodeFsyncer   = (*folderNode)(nil)
	_ fs.NodeSetattrer = (*folderNode)(nil)
	_ fs.NodeStatfser  = (*folderNode)(nil)
	_ fs.NodeOpener    = (*fileNode)(nil)
	_ fs.NodeReader    = (*fileNode)(nil)
	_ fs.NodeWriter    = (*fileNode)(nil)
	_ fs.NodeFsyncer   = (*fileNode)(nil)
	_ fs.NodeGetattrer = (*fileNode)(nil)
	_ fs.NodeSetattrer = (*fileNode)(nil)
	_ fs.NodeAllocater = (*fileNode)(nil)
)

const (
	folderMode = syscall.S_IFDIR | 0o700
	fileMode   = syscall.S_IFREG | 0o600
)

// node is the kernel's view of an entry of a folder.
func (n *folderNode) node(ctx context.Context, name string, entry any, out *fuse.EntryOut) *fs.Inode {
	switch e := entry.(type) {
	case *folder:
		out.Attr = fuse.Attr{Mode: folderMode, Ino: e.inode, Nlink: 2}
		return n.NewInode(ctx, &folderNode{disk: n.disk, folder: e}, fs.StableAttr{Mode: syscall.S_IFDIR, Ino: e.inode})
	case *file:
		out.Attr = e.attributes()
		return n.NewInode(ctx, &fileNode{disk: n.disk, file: e, in: n.folder, name: name},
			fs.StableAttr{Mode: syscall.S_IFREG, Ino: e.inode})
	}
	return nil
}

func (f *file) attributes() fuse.Attr {
	size := uint64(len(f.live))
	return fuse.Attr{Mode: fileMode, Ino: f.inode, Size: size, Blocks: (size + 511) / 512, Nlink: 1}
}

func (n *folderNode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	entry, ok := n.folder.live[name]
	if !ok {
		return nil, syscall.ENOENT
	}
	return n.node(ctx, name, entry, out), 0
}

func (n *folderNode) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	var entries []fuse.DirEntry
	for name, entry := range n.folder.live {
		mode, inode := uint32(syscall.S_IFDIR), uint64(0)
		switch e := entry.(type) {
		case *folder:
			inode = e.inode
		case *file:
			mode, inode = syscall.S_IFREG, e.inode
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(name))
		entries = append(entries, fuse.DirEntry{Name: name, Mode: mode, Ino: inode, Off: h.Sum64() >> 1})
	}
	return fs.NewListDirStream(entries), 0
}

func (n *folderNode) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (
	*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	entry, ok := n.folder.live[name]
	if !ok {
		entry = n.disk.newFile()
		n.folder.live[name] = entry
	}
	return n.node(ctx, name, entry, out), nil, 0, 0
}

func (n *folderNode) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if _, ok := n.folder.live[name]; ok {
		return nil, syscall.EEXIST
	}
	made := n.disk.newFolder(n.folder, name)
	n.folder.live[name] = made
	return n.node(ctx, name, made, out), 0
}

func (n *folderNode) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	delete(n.folder.live, name)
	return 0
}

func (n *folderNode) Rmdir(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if f, ok := n.folder.live[name].(*folder); ok && len(f.live) > 0 {
		return syscall.ENOTEMPTY
	}
	delete(n.folder.live, name)
	return 0
}

func (n *folderNode) Rename(_ context.Context, name string, to fs.InodeEmbedder, toName string, _ uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	target, ok := to.(*folderNode)
	if !ok {
		return syscall.ENOTDIR
	}
	entry := n.folder.live[name]
	delete(n.folder.live, name)
	target.folder.live[toName] = entry
	switch node := n.GetChild(name).Operations().(type) {
	case *fileNode:
		node.in, node.name = target.folder, toName
	case *folderNode:
		node.folder.in, node.folder.name = target.folder, toName
	}
	return 0
}

func (n *folderNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.folder.synced = maps.Clone(n.folder.live)
	n.folder.in.keep(n.folder.name, n.folder)
	return 0
}

// Statfs tells of a terabyte that is free: programs ask before they write.
func (n *folderNode) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	const block = 4096
	*out = fuse.StatfsOut{Blocks: 1 << 40 / block, Bfree: 1 << 40 / block, Bavail: 1 << 40 / block, Bsize: block,
		Frsize: block, NameLen: 255}
	return 0
}

func (n *folderNode) Setattr(context.Context, fs.FileHandle, *fuse.SetAttrIn, *fuse.AttrOut) syscall.Errno {
	return 0
}

func (n *fileNode) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, 0
}

func (n *fileNode) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if off >= int64(len(n.file.live)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(dest[:copy(dest, n.file.live[off:])]), 0
}

func (n *fileNode) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.file.resize(max(len(n.file.live), int(off)+len(data)))
	return uint32(copy(n.file.live[off:], data)), 0 //nolint:gosec // a write has a megabyte at most
}

func (f *file) resize(size int) {
	if size <= len(f.live) {
		f.live = f.live[:size:size]
		return
	}
	f.live = append(f.live, make([]byte, size-len(f.live))...)
}

// Fsync puts the content on the disk, and the file's name.
func (n *fileNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.file.synced = append([]byte(nil), n.file.live...)
	n.in.keep(n.name, n.file)
	return 0
}

func (n *fileNode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	out.Attr = n.file.attributes()
	return 0
}

func (n *fileNode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		n.file.resize(int(size)) //nolint:gosec // files of tests
	}
	out.Attr = n.file.attributes()
	return 0
}

func (n *fileNode) Allocate(_ context.Context, _ fs.FileHandle, off, size uint64, _ uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.file.resize(max(len(n.file.live), int(off+size))) //nolint:gosec // files of tests
	return 0
}
