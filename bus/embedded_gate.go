package bus

import (
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// openGate lets readers create consumers of the stream of events, pull consumers only: a push consumer would deliver
// old events wherever its creator says, such as into a bucket.
func openGate(at Endpoint, log *slog.Logger) (shut func(), err error) {
	conn, err := at.Connect("countersign readers", log)
	if err != nil {
		return nil, err
	}
	_, err = conn.Subscribe(readerGate, func(request *nats.Msg) { answerReader(conn, request) })
	if err != nil {
		conn.Close()
		return nil, err
	}
	closed := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
	return func() { conn.Close(); <-closed }, conn.FlushTimeout(askWithin)
}

// gateWithin bounds the creation of a consumer, which others wait for.
const gateWithin = 2 * time.Second

// reportsConsumers begin the names of the consumers that count events for the reports.
const reportsConsumers = "reports-"

func answerReader(conn *nats.Conn, request *nats.Msg) {
	var asked struct {
		Stream string `json:"stream_name"`
		Config struct {
			Name    string `json:"name"`
			Durable string `json:"durable_name"`
			Deliver string `json:"deliver_subject"`
		} `json:"config"`
	}
	name := strings.TrimPrefix(request.Subject, strings.TrimSuffix(readerGate, ">"))
	err := json.Unmarshal(request.Data, &asked)
	c := asked.Config
	switch {
	case err != nil, asked.Stream != event.Stream:
		refuse(request, "the request is not one for a consumer of "+event.Stream)
	case c.Deliver != "":
		refuse(request, "readers may create pull consumers only")
	case strings.HasPrefix(name, reportsConsumers), strings.HasPrefix(c.Name, reportsConsumers),
		strings.HasPrefix(c.Durable, reportsConsumers):
		refuse(request, "consumers named "+reportsConsumers+"… are for reports")
	default:
		answer, err := conn.Request(strings.TrimSuffix(readerCreate, ">")+name, request.Data, gateWithin)
		if err == nil {
			_ = request.Respond(answer.Data)
		}
	}
}

func refuse(request *nats.Msg, why string) {
	answer, err := json.Marshal(map[string]any{
		"type":  "io.nats.jetstream.api.v1.consumer_create_response",
		"error": jetstream.APIError{Code: 403, Description: why},
	})
	if err == nil {
		_ = request.Respond(answer)
	}
}
