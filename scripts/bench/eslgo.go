package main

import (
	"context"
	"net"
	"time"

	"github.com/percipia/eslgo"
	"github.com/percipia/eslgo/command"
	"github.com/percipia/eslgo/command/call"
)

// serveEslgo is a minimal server on eslgo, which listens for itself.
func serveEslgo(l net.Listener) error {
	address := l.Addr().String()
	_ = l.Close()
	options := eslgo.DefaultOutboundOptions
	options.Logger = eslgo.NilLogger{}
	return options.ListenAndServe(address, eslgoCall)
}

// eslgoCall sets no filters: eslgo's events are read by their names.
func eslgoCall(ctx context.Context, conn *eslgo.Conn, response *eslgo.RawResponse) {
	uuid := response.GetHeader("Unique-ID")
	_, _ = conn.SendCommand(ctx, command.MyEvents{Format: "plain"})
	execute := func(app, arg, id string) {
		done := make(chan struct{}, 1)
		listener := conn.RegisterEventListener(uuid, func(e *eslgo.Event) {
			if e.GetName() == "CHANNEL_EXECUTE_COMPLETE" && e.GetHeader("Application-UUID") == id {
				select {
				case done <- struct{}{}:
				default:
				}
			}
		})
		defer conn.RemoveEventListener(uuid, listener)
		if _, err := conn.SendCommand(ctx, &call.Execute{AppName: app, AppArgs: arg, AppUUID: id, Sync: true}); err != nil {
			return
		}
		select {
		case <-done:
		case <-ctx.Done():
		case <-time.After(patience):
		}
	}
	execute("answer", "", "a1")
	execute("play_and_get_digits", "4 8 1 5000 # /p/ask.wav silence_stream://10 cs_digits '' 3000", "a2")
	execute("play_and_get_digits", "4 8 1 5000 # /p/ask.wav silence_stream://10 cs_digits '' 3000", "a3")
	execute("multiset", "^^|cs_status=verified|socket_resume=", "a4")
	execute("transfer", "menu XML default", "a5")
}
