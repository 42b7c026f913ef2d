package freeswitch_test

import "golang.org/x/sys/unix"

// goFirst has the calling thread, and what it starts, run before whatever else the machine does, if this user may say so
// (CAP_SYS_NICE): FreeSWITCH, as its own Debian package has it run (CPUSchedulingPolicy=rr), and SIPp, which in truth is
// on another machine. A FreeSWITCH that does not get to run every 20 ms loses tones and words.
func goFirst() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 10}, 0)
}
