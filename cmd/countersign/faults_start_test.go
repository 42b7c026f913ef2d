package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
	"countersign/freeswitch/sim"
	"countersign/internal/wiretest"
)

// ownAddress is one of this machine that nobody else has, so that a service that starts again has it again.
func ownAddress() string {
	return fmt.Sprintf("127.%d.%d.%d:8084", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
}

// startEmbedded starts the service with a NATS inside it.
func (s *faultSite) startEmbedded() {
	s.t.Helper()
	s.config(`listen: "127.0.0.1:0"`)
	s.startCalls()
}

// startExternal starts a NATS as a process of its own.
func (s *faultSite) startExternal() {
	s.t.Helper()
	s.nats = s.startNATS()
	s.startCalls()
}

// startBehindWire is startExternal with a wire to NATS.
func (s *faultSite) startBehindWire() {
	s.t.Helper()
	s.nats = s.startNATS()
	s.wire = wiretest.New(s.t, strings.TrimPrefix(s.url, "nats://"))
	s.config("url: nats://" + s.wire.Address)
	s.startCalls()
}

// startOnSmallDisk has all data of the service, and of the NATS inside it, on a small disk.
func (s *faultSite) startOnSmallDisk() {
	s.t.Helper()
	s.fill, s.free = smallDisk(s.t, s.data("service"), 128)
	s.startEmbedded()
}

// startNATSOnSmallDisk has what NATS stores on a small disk.
func (s *faultSite) startNATSOnSmallDisk() {
	s.t.Helper()
	s.fill, s.free = smallDisk(s.t, s.data("nats"), 128)
	s.startExternal()
}

// startOnBadDisk has all data of the service, and of the NATS inside it, on a disk that can break.
func (s *faultSite) startOnBadDisk() {
	s.t.Helper()
	s.disk = newBadDisk(s.t, s.data("service"))
	s.startEmbedded()
}

// startWithBackend has the customers in a CRM behind a wire.
func (s *faultSite) startWithBackend() {
	s.t.Helper()
	s.customers = 20 * s.by.callers
	all := make([]stub.Customer, s.customers)
	for i := range all {
		all[i] = crmCustomer(fmt.Sprint("A-", i), ownNumber(i), account(i), "864209")
	}
	crm := newCRMFront(s.t, all...)
	s.wire = wiretest.New(s.t, strings.TrimPrefix(crm.url, "http://"))
	crm.url = "http://" + s.wire.Address
	s.more = strings.Replace(crm.finding(checking), backendTimeout.String(), "3s", 1)
	s.config(`listen: "127.0.0.1:0"`)
	s.callsOf("id\n")
}

// startWithClock has the service go by a clock that can be set.
func (s *faultSite) startWithClock() {
	s.t.Helper()
	s.startEmbedded()
	s.clock = giveClock(s.t, s.service)
	require.Equal(s.t, exitDone, s.service.end(), s.service.log())
	s.service.start()
}

// startBehindFreeSWITCH has a wire between FreeSWITCH and the service.
func (s *faultSite) startBehindFreeSWITCH() {
	s.t.Helper()
	s.wire = wiretest.New(s.t, s.address)
	s.config(`listen: "127.0.0.1:0"`)
	s.address = s.wire.Address
	s.startCalls()
}

func (s *faultSite) startCalls() {
	s.t.Helper()
	s.callsOf(manyCustomers(s.customers))
}

func (s *faultSite) callsOf(customers string) {
	s.t.Helper()
	s.startService(customers)
	var err error
	s.phone, err = sim.New(sim.Options{Address: s.address, DeadMan: 4 * time.Minute, Speed: s.by.speed})
	require.NoError(s.t, err)
}
