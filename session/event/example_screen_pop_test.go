package event_test

import (
	"encoding/json"
	"fmt"
	"log"
	"time"

	"github.com/nats-io/nats.go"

	"countersign/session/event"
)

// All that a screen pop needs: three NATS subjects, no stream, no account with Countersign.
func ExampleEvent_screenPop() {
	url, stop := phoneRings() // yours is Countersign's, such as nats://127.0.0.1:4222
	defer stop()
	conn, err := nats.Connect(url, nats.Timeout(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	messages := make(chan *nats.Msg, 64)
	for _, fact := range []string{"identified", "verified", "failed"} {
		subject := "countersign.v1.*." + fact
		if _, err := conn.ChanSubscribe(subject, messages); err != nil {
			log.Fatal(err)
		}
	}
	seen := map[string]bool{} // an event may come twice; keep ids for an hour or so
	for msg := range messages {
		var e event.Event
		if err := json.Unmarshal(msg.Data, &e); err != nil || seen[e.ID] || !e.Real() { // an old call, or a test
			continue
		}
		seen[e.ID] = true
		switch data := e.Data.(type) {
		case event.Identified:
			fmt.Println(data.Name, data.Status, data.PopURL)
		case event.Verified:
			fmt.Println(data.Name, data.Status, data.Methods, data.PopURL)
		case event.Failed:
			fmt.Println(data.Customer, data.Status, data.Reason, data.PopURL)
			return // a real screen pop would go on
		}
	}
	// Output:
	// Maria Lindqvist identified https://crm.example/customers/C-100042?call=019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04&status=identified
	// Maria Lindqvist verified [account pin] https://crm.example/customers/C-100042?call=019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04&status=verified
	// C-100042 identified wrong_answer https://crm.example/customers/C-100042?call=019a9c31-0b58-7e19-8a6c-f04d2b9e6a77&status=identified
}
