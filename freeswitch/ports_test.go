package freeswitch_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// ports hands out ports that nothing else in this run gets. They are outside of what Linux gives to whoever asks for
// any port, which is what the telephones of these tests do, and the tests of other packages at the same time.
var ports = struct {
	sync.Mutex
	next, nextRange, nextSIPp int
}{
	next: rand.IntN(lastPort - firstPort), nextRange: rand.IntN((lastRTP - firstRTP) / 200),
	nextSIPp: rand.IntN((firstRTP - firstSIPp) / 4),
}

const (
	firstPort, lastPort = 61000, 65000
	firstRTP, lastRTP   = 12000, 32000
	firstSIPp           = 6000
)

// freePort returns a port on 127.0.0.1 that nothing uses at this moment, neither for TCP nor for UDP.
func freePort(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range lastPort - firstPort {
		port := firstPort + ports.next%(lastPort-firstPort)
		ports.next++
		if isFree(port) {
			return port
		}
	}
	t.Fatal("no port is free for both TCP and UDP")
	return 0
}

func isFree(port int) bool {
	address := fmt.Sprintf("127.0.0.1:%d", port)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer l.Close()
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	p.Close()
	return true
}

// sippMediaPort returns a port that a SIPp may bind for media, though it uses none. Left to itself each begins at 6000
// and gives up after a hundred.
func sippMediaPort(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range (firstRTP - firstSIPp) / 4 {
		ports.nextSIPp++
		port := firstSIPp + ports.nextSIPp*4%(firstRTP-firstSIPp)
		if isFree(port) && isFree(port+2) {
			return port
		}
	}
	t.Fatal("no ports are free for SIPp's media")
	return 0
}

// freePortRange returns the first of 200 ports for RTP.
func freePortRange(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range (lastRTP - firstRTP) / 200 {
		first := firstRTP + ports.nextRange*200%(lastRTP-firstRTP)
		ports.nextRange++
		if isFree(first) && isFree(first+198) {
			return first
		}
	}
	t.Fatal("no ports for RTP")
	return 0
}
