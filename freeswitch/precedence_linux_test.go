package freeswitch_test

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Who goes first, if this user may say so (CAP_SYS_NICE): the telephones, which in truth are other machines; then
// FreeSWITCH, as its own Debian package has it run (CPUSchedulingPolicy=rr); then the service; then whatever else the
// machine does, compiling and searching for secrets among it. A telephone or a FreeSWITCH that does not get to run
// every 20 ms loses tones and words, and a service that does not run for 18 s loses the call.
const (
	telephonesFirst = 20
	freeSWITCHNext  = 10
	serviceThen     = 5
)

// goFirst has all of this process run before others.
func goFirst() {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.SchedSetAttr(id, roundRobin(telephonesFirst), 0)
		}
	}
}

// asFreeSWITCH has the calling thread, and what it starts, run before others but the telephones.
func asFreeSWITCH() { _ = unix.SchedSetAttr(0, roundRobin(freeSWITCHNext), 0) }

// asService has the calling thread, and what it starts, run before others but the two.
func asService() { _ = unix.SchedSetAttr(0, roundRobin(serviceThen), 0) }

// asAnybody has the calling thread, and what it starts, run like other programs.
func asAnybody() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}, 0)
}

func roundRobin(priority uint32) *unix.SchedAttr {
	return &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: priority}
}
