package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Results is all that was measured, by part. A part that is measured again replaces the one before.
type Results map[string]*Part

// Part is one part of the benchmark, measured at one time on one machine.
type Part struct {
	Machine Machine
	// Busy: neighbours that we started kept the cores busy.
	Busy    bool      `json:",omitempty"`
	Runs    []Run     `json:",omitempty"`
	Waiting []Waiting `json:",omitempty"`
	Profile []Share   `json:",omitempty"`
	// Ways are how a real FreeSWITCH answered.
	Ways []Way `json:",omitempty"`
}

// Run is one load on one server. Times are in milliseconds.
type Run struct {
	Server        string
	Round         int // of a pair, from 1
	AtOnce, Calls int
	Load          float64 // load average when it began

	// Verified, Identified and Unverified left the server for a person; Unfinished did not: the server lost, refused or
	// stranded them. Faults say why, for those that were not verified.
	Verified, Identified, Unverified, Unfinished int
	Faults                                       map[string]int `json:",omitempty"`

	PerSecond float64
	// ServerMS and GeneratorMS are processor time a call, GeneratorShare the generator's part of all cores, Late how late
	// it was itself.
	ServerMS, GeneratorMS, GeneratorShare float64
	Late                                  Quantiles
	// Allocations and Allocated (bytes) are a call's; 0: the process was not asked.
	Allocations, Allocated float64
	// ToServer and FromServer are a call's bytes on the event socket.
	ToServer, FromServer float64
	// Reaction is the server's alone, in real time: from being told of an entry to its next command to play or transfer.
	// Checked is from the PIN to what follows its check, whatever is played to those who wait.
	Reaction, Checked Quantiles
}

// Quantiles of N times, in milliseconds.
type Quantiles struct {
	N                  int
	P50, P95, P99, Max float64
}

// Waiting is a server's memory with so many calls that wait for a key, but for those that it lost, each part in KB a
// call: what the process has of the machine, and of that, after a collection, heap and stacks of Go.
type Waiting struct {
	Server                string
	Calls, Lost           int
	Resident, Heap, Stack float64
	Goroutines            float64
}

// Way is one way to answer a call on a real FreeSWITCH, as callers hear it.
type Way struct {
	FreeSWITCH, Name string
	Calls, Failed    int
	// FirstSound is from the INVITE, NextPrompt and Confirmed are from the last key of the account and of the PIN.
	FirstSound, NextPrompt, Confirmed Quantiles
	Rates                             []Rate
	Faults                            map[string]int `json:",omitempty"`
}

// Rate is so many new calls a second for a time, and how many of them failed.
type Rate struct {
	PerSecond     float64
	Calls, Failed int
}

// Share is a part of a server's processor time, in percent.
type Share struct {
	Server  string
	Of      string
	Percent float64
}

const resultsFile = "results.json"

func readResults(folder string) (Results, error) {
	text, err := os.ReadFile(filepath.Join(folder, resultsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Results{}, nil
	}
	if err != nil {
		return nil, err
	}
	r := Results{}
	return r, json.Unmarshal(text, &r)
}

func (r Results) write(folder string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, resultsFile), append(text, '\n'), 0o644)
}

// of are the runs of a server with so many calls at once.
func (p *Part) of(server string, atOnce int) (runs []Run) {
	for _, r := range p.Runs {
		if r.Server == server && r.AtOnce == atOnce {
			runs = append(runs, r)
		}
	}
	return runs
}

// servers and atOnce are those of the runs, in their order.
func (p *Part) servers() (names []string) {
	for _, r := range p.Runs {
		if !slices.Contains(names, r.Server) {
			names = append(names, r.Server)
		}
	}
	return names
}

func (p *Part) atOnce() (numbers []int) {
	for _, r := range p.Runs {
		if !slices.Contains(numbers, r.AtOnce) {
			numbers = append(numbers, r.AtOnce)
		}
	}
	return numbers
}
