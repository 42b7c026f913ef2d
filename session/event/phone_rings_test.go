package event_test

import (
	"encoding/json"
	"log"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"countersign/session/event"
)

// patience bounds every wait in the example.
const patience = 2 * time.Minute

// phoneRings runs a NATS server that publishes the events of two calls once somebody subscribes, one of them twice.
func phoneRings() (url string, stop func()) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	check(err)
	s.Start()
	if !s.ReadyForConnections(patience) {
		log.Fatal("the NATS of the example did not start")
	}
	conn, err := nats.Connect(s.ClientURL(), nats.InProcessServer(s), nats.Timeout(patience))
	check(err)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for _, fact := range []event.Fact{event.FactIdentified, event.FactVerified, event.FactVerified, event.FactFailed} {
			e := examples()[fact]
			body, err := json.Marshal(e)
			check(err)
			waitForListener(s, conn, e.Subject())
			check(conn.Publish(e.Subject(), body))
		}
		check(conn.Flush())
	}()
	return s.ClientURL(), func() {
		<-heard
		conn.Close()
		s.Shutdown()
		s.WaitForShutdown()
	}
}

func waitForListener(s *server.Server, conn *nats.Conn, subject string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		listeners, err := s.Subsz(&server.SubszOptions{
			Subscriptions: true, Account: server.DEFAULT_GLOBAL_ACCOUNT, Test: subject,
		})
		check(err)
		if listeners.Total > 0 {
			return
		}
		check(conn.Flush())
	}
	log.Fatal("nobody listens to ", subject)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
