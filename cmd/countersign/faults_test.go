package main

import (
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// ladder is every fault, as docs/faults.md lists them.
func ladder() []fault {
	return []fault{
		{name: "killed", how: "kill -9 at a random moment; it starts again after up to a second", within: afterCrash,
			small: true,
			breaks: func(s *faultSite) {
				s.cutOff()
				s.service.kill()
				s.pause(0, time.Second)
				s.service.start()
			}},
		{name: "stopped for a moment", how: "SIGSTOP, and SIGCONT after up to 4 s", within: afterHang, small: true,
			breaks: func(s *faultSite) {
				s.signal(s.service, syscall.SIGSTOP)
				s.pause(0, 4*time.Second)
				s.signal(s.service, syscall.SIGCONT)
			}},
		{name: "stopped for good",
			how: "SIGSTOP until all callers were taken away by their dead-man switches; then SIGCONT or, every second time, " +
				"kill -9",
			within: afterHang,
			breaks: (*faultSite).hangForGood},
		{name: "database locked",
			how:    "another program locks journal.db, directory.db, attempts.db or reports.db, in turn, for 1–7 s",
			within: afterCrash,
			breaks: func(s *faultSite) {
				unlock := lockFile(s.t, s.file([]string{"journal.db", "directory.db", "attempts.db", "reports.db"}[s.round%4]))
				s.pause(time.Second, 7*time.Second)
				unlock()
			}},
		{name: "NATS killed", how: "kill -9 of a nats-server beside it, which starts again after 1–4 s", within: afterCrash,
			start: (*faultSite).startExternal,
			breaks: func(s *faultSite) {
				s.nats.kill()
				s.pause(time.Second, 4*time.Second)
				s.nats.start()
			}},
		{name: "NATS restarted", how: "it stops as an operator stops it, and starts at once", within: afterCrash,
			start: (*faultSite).startExternal,
			breaks: func(s *faultSite) {
				s.nats.end()
				s.nats.start()
			}},
		{name: "NATS hangs", how: "SIGSTOP of a nats-server beside it, SIGCONT after 1–4 s", within: afterCrash,
			start: (*faultSite).startExternal,
			breaks: func(s *faultSite) {
				s.signal(s.nats, syscall.SIGSTOP)
				s.pause(time.Second, 4*time.Second)
				s.signal(s.nats, syscall.SIGCONT)
			}},
		{name: "NATS slow", how: "each packet of a nats-server beside it takes 50–400 ms longer, for 2–6 s",
			within: afterCrash, start: (*faultSite).startBehindWire,
			breaks: func(s *faultSite) {
				s.wire.Slow(50*time.Millisecond + time.Duration(s.rand.Int64N(int64(350*time.Millisecond))))
				s.pause(2*time.Second, 6*time.Second)
				s.wire.Slow(0)
			}},
		{name: "NATS full",
			how: "no room is left on the disk of a nats-server beside it, for 2–6 s; then there is, and it is restarted, " +
				"without which it stores nothing any more",
			within: afterCrash,
			start:  (*faultSite).startNATSOnSmallDisk,
			breaks: func(s *faultSite) {
				s.fill()
				s.pause(2*time.Second, 6*time.Second)
				s.free()
				s.nats.end()
				s.nats.start()
			}},
		{name: "backend black-holed", how: "the CRM takes requests and answers none, for 2–8 s", within: afterBackend,
			start: (*faultSite).startWithBackend,
			breaks: func(s *faultSite) {
				s.wire.Hold()
				s.pause(2*time.Second, 8*time.Second)
				s.wire.Release()
			}},
		{name: "disk full", how: "no room is left on the disk with all data and the NATS inside, for 2–6 s", within: afterCrash,
			start: (*faultSite).startOnSmallDisk,
			breaks: func(s *faultSite) {
				s.fill()
				s.pause(2*time.Second, 6*time.Second)
				s.free()
			}},
		{name: "disk read-only", how: "every change of the disk fails with EROFS (a FUSE file system), for 2–6 s",
			within: afterCrash, start: (*faultSite).startOnBadDisk,
			breaks: func(s *faultSite) {
				s.disk.fails.Store(int32(fuse.EROFS))
				s.pause(2*time.Second, 6*time.Second)
				s.disk.mend()
			}},
		{name: "disk broken", how: "every change of the disk fails with EIO, for 2–6 s", within: afterCrash,
			start: (*faultSite).startOnBadDisk,
			breaks: func(s *faultSite) {
				s.disk.fails.Store(int32(fuse.EIO))
				s.pause(2*time.Second, 6*time.Second)
				s.disk.mend()
			}},
		{name: "disk slow", how: "every change of the disk takes 10–60 ms longer, for 2–6 s", within: afterCrash,
			start: (*faultSite).startOnBadDisk,
			breaks: func(s *faultSite) {
				s.disk.slow.Store(int64(10*time.Millisecond) + s.rand.Int64N(int64(50*time.Millisecond)))
				s.pause(2*time.Second, 6*time.Second)
				s.disk.mend()
			}},
		{name: "network cut",
			how: "the service has a network of its own (netns, veth), whose link goes down under it for 2 s, or until nobody " +
				"waits for it",
			within: afterHang, start: (*faultSite).startInNetwork,
			breaks: func(s *faultSite) {
				s.link("down")
				if s.round%2 == 0 {
					s.pause(time.Second, 2*time.Second)
				} else {
					s.awaitOver(s.by.callers)
				}
				s.link("up")
			}},
		{name: "clock leaps",
			how: "the clock of the service, its NATS and its databases is set up to 100 days ahead, or a day back, and right " +
				"again (the vDSO of the process is replaced)",
			within: afterCrash, start: (*faultSite).startWithClock,
			breaks: func(s *faultSite) {
				const day = 24 * time.Hour
				s.clock.leap(time.Duration(s.rand.Int64N(int64(101*day))) - day)
				s.pause(time.Second, 4*time.Second)
				s.clock.leap(0)
			}},
		{name: "connections reset", how: "all of FreeSWITCH's connections end at once, as when it is killed", within: afterCrash,
			small: true, start: (*faultSite).startBehindFreeSWITCH,
			breaks: func(s *faultSite) {
				s.cutOff()
				s.wire.Cut()
			}},
		{name: "descriptors exhausted",
			how:    "prlimit takes half of its descriptors from it while all callers are on a call, for 5–10 s",
			within: afterCrash, small: true,
			breaks: func(s *faultSite) {
				mend := s.descriptors(-s.by.callers / 2)
				s.pause(5*time.Second, 10*time.Second)
				mend()
			}},
		{name: "memory exhausted", how: "prlimit leaves it 1 MB more memory than it has: the process ends; it is started again",
			within: afterCrash,
			breaks: func(s *faultSite) {
				s.memory(1 << 20)
				s.awaitEnd()
				s.service.start()
			}},
	}
}
