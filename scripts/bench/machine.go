package main

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is where, on what and when something was measured.
type Machine struct {
	Processor string
	Cores     int
	MemoryGB  int
	Kernel    string
	Go        string
	// Commit of Countersign; "+" behind it: with changes that are not committed.
	Commit   string
	Measured time.Time
	// Load is the load average of the last minute when it began.
	Load float64
}

func cores() int { return runtime.NumCPU() }

func thisMachine() Machine {
	m := Machine{Processor: "unknown", Cores: cores(), Go: runtime.Version(), Load: loadAverage(),
		Measured: time.Now().UTC().Truncate(time.Minute)}
	m.Kernel, _, _ = strings.Cut(firstLine("/proc/sys/kernel/osrelease"), "-")
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.Processor = strings.TrimSpace(value)
		}
	}
	for line := range strings.Lines(read("/proc/meminfo")) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kb, _ := strconv.Atoi(fields[1])
			m.MemoryGB = kb >> 20
		}
	}
	m.Commit = git("rev-parse", "--short=10", "HEAD")
	if git("status", "--porcelain", "--untracked-files=no", "--", root, ":!"+root+"/docs") != "" {
		m.Commit += "+"
	}
	return m
}

// loadAverage is that of the last minute.
func loadAverage() float64 {
	text, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	load, _ := strconv.ParseFloat(text, 64)
	return load
}

func git(arguments ...string) string {
	out, err := exec.Command("git", arguments...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func read(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

func firstLine(path string) string {
	line, _, _ := strings.Cut(read(path), "\n")
	return line
}
