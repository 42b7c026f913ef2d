// Package probe answers, from inside a process that is measured, what Linux cannot know of it: allocations, the heap
// after a collection, and where its processor time goes. It costs nothing while nobody asks.
package probe

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
)

// Variable names, in the environment, the Unix socket on which a process is to answer.
const Variable = "BENCH_PROBE"

// Memory is what the runtime says of a process.
type Memory struct {
	// Mallocs and TotalAlloc, in bytes, only grow.
	Mallocs, TotalAlloc uint64
	// HeapInuse and StackInuse are bytes.
	HeapInuse, StackInuse uint64
	Goroutines            int
}

// Start answers if Variable asks for it: GET /memory, with ?collect after a collection, as Memory; POST /profile begins
// a CPU profile, and GET /profile ends and returns it.
func Start() error {
	path := os.Getenv(Variable)
	if path == "" {
		return nil
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /memory", memory)
	var profile *os.File
	mux.HandleFunc("POST /profile", func(w http.ResponseWriter, _ *http.Request) {
		if profile, err = os.CreateTemp("", "bench-*.pprof"); err == nil {
			err = pprof.StartCPUProfile(profile)
		}
		answer(w, err)
	})
	mux.HandleFunc("GET /profile", func(w http.ResponseWriter, r *http.Request) {
		if profile == nil {
			answer(w, fmt.Errorf("no profile has begun"))
			return
		}
		pprof.StopCPUProfile()
		defer os.Remove(profile.Name())
		defer profile.Close()
		http.ServeFile(w, r, profile.Name())
	})
	go func() { _ = http.Serve(l, mux) }()
	return nil
}

func memory(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("collect") {
		runtime.GC() // what finalizers free is free after the next one
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_ = json.NewEncoder(w).Encode(Memory{Mallocs: m.Mallocs, TotalAlloc: m.TotalAlloc, HeapInuse: m.HeapInuse,
		StackInuse: m.StackInuse, Goroutines: runtime.NumGoroutine()})
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
