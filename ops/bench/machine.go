package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/procfs"
)

// Machine is where the service runs.
type Machine struct {
	System    string  `json:"system"`
	Processor string  `json:"processor,omitempty"`
	Cores     int     `json:"cores"`
	MemoryMB  float64 `json:"memory_mb,omitempty"`
	// SyncMS is what a write of 4 KB takes to be on the disk of the data folder, in milliseconds.
	SyncMS Times `json:"sync_ms"`
	// InMemory says that the folder is in memory, so that the disk was not measured.
	InMemory bool `json:"in_memory,omitempty"`
}

func cores() int { return runtime.GOMAXPROCS(0) }

// syncs is how many writes are measured, syncedWithin bounds them.
const (
	syncs        = 50
	syncedWithin = 3 * time.Second
)

// LookAt describes this machine, and the disk of a folder, into which it writes a file for a moment.
func LookAt(folder string) (Machine, error) {
	m := Machine{System: runtime.GOOS + "/" + runtime.GOARCH, Cores: cores(), InMemory: inMemory(folder)}
	if fs, err := procfs.NewDefaultFS(); err == nil {
		if cpus, err := fs.CPUInfo(); err == nil && len(cpus) > 0 {
			m.Processor = cpus[0].ModelName
		}
		if memory, err := fs.Meminfo(); err == nil && memory.MemTotal != nil {
			m.MemoryMB = float64(*memory.MemTotal) / 1024
		}
	}
	took, err := timeSyncs(folder)
	m.SyncMS = timesOf(took)
	return m, err
}

func timeSyncs(folder string) (took []time.Duration, err error) {
	path := filepath.Join(folder, "sync")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close(); _ = os.Remove(path) }()
	block := slices.Repeat([]byte{1}, 4096)
	for began := time.Now(); len(took) < syncs && time.Since(began) < syncedWithin; {
		at := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(at))
	}
	return took, nil
}
