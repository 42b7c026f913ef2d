package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/pprof"
	"time"

	"countersign/esl"
	"countersign/session"

	"github.com/percipia/eslgo"
	"github.com/percipia/eslgo/command"
	"github.com/percipia/eslgo/command/call"
)

// serveBare is the main function of a bare server: it answers calls until its input ends. Each asks for two entries, sets
// a variable and hands the call on.
func serveBare(name string) error {
	if path := os.Getenv("BENCH_PROFILE"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	switch name {
	case "wire":
		s := esl.NewServer(wireCall, esl.Options{MaxCalls: 10_000})
		go func() { failed <- s.Serve(context.Background(), l) }()
	case "eslgo":
		_ = l.Close() // eslgo listens for itself
		options := eslgo.DefaultOutboundOptions
		options.Logger = eslgo.NilLogger{}
		go func() { failed <- options.ListenAndServe(l.Addr().String(), eslgoCall) }()
		if err := untilItListens(l.Addr().String()); err != nil {
			return err
		}
	default:
		return fmt.Errorf("no bare server %q", name)
	}
	fmt.Println(l.Addr())
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); close(ended) }()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}

func untilItListens(address string) error {
	for range 500 {
		if c, err := net.Dial("tcp", address); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the server does not listen")
}

// wireCall is a call on our wire.
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

// eslgoCall is the same call on eslgo. It sets no filters: eslgo's events are read by their names.
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
		case <-time.After(patience):
		}
	}
	execute("answer", "", "a1")
	execute("play_and_get_digits", "4 8 1 5000 # /p/ask.wav silence_stream://10 cs_digits '' 3000", "a2")
	execute("play_and_get_digits", "4 8 1 5000 # /p/ask.wav silence_stream://10 cs_digits '' 3000", "a3")
	execute("multiset", "^^|cs_status=verified|socket_resume=", "a4")
	execute("transfer", "menu XML default", "a5")
}
