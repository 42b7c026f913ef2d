package main

import (
	"context"
	"net"
	"time"

	"countersign/esl"
	"countersign/session"
)

// serveWire is Countersign's event socket without the rest of Countersign.
func serveWire(l net.Listener) error {
	return esl.NewServer(wireCall, esl.Options{MaxCalls: 10_000}).Serve(context.Background(), l)
}

func wireCall(ctx context.Context, _ session.Call, ch session.Channel) {
	ask := session.Collect{
		Files: []string{"/p/ask.wav"}, Min: 4, Max: 8, FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second, OptOut: '*',
	}
	for range 2 {
		entry, err := ch.Collect(ctx, ask)
		if err != nil {
			return
		}
		entry.Wipe()
	}
	_ = ch.Transfer(ctx, session.Handover{
		To:        session.Destination{Extension: "menu", Dialplan: "XML", Context: "default"},
		Variables: []session.Variable{{Name: "cs_status", Value: "verified"}},
	})
}
