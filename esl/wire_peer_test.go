package esl_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"countersign/esl/esltest"

	"golang.org/x/sync/errgroup"
)

// playFreeSWITCH is FreeSWITCH's side of BenchmarkWire, in a process of its own: 50 calls at a time.
func playFreeSWITCH(addr, calls string) error {
	n, err := strconv.Atoi(calls)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(50)
	for range n {
		g.Go(func() error { return playCall(addr) })
	}
	return g.Wait()
}

// playCall answers every command with its reply and every application with its completion, until the call has been
// transferred and the server leaves.
func playCall(addr string) error {
	nc, err := dialPatiently(addr)
	if err != nil {
		return err
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	in := textproto.NewReader(bufio.NewReader(nc))
	filtered := false
	for transferred := false; ; {
		name, err := in.ReadLine()
		if err != nil {
			if transferred {
				return nil
			}
			return fmt.Errorf("the server left early: %w", err)
		}
		reply := esltest.OK()
		switch name = strings.TrimSpace(name); {
		case name == "":
			continue
		case name == "exit":
			return nil
		case strings.HasPrefix(name, "sendmsg"):
			h, err := in.ReadMIMEHeader()
			if err != nil {
				return err
			}
			c := esltest.Command{App: h.Get("Execute-App-Name"), Arg: h.Get("Execute-App-Arg"), UUID: h.Get("Event-Uuid")}
			reply += events(c, filtered)
			transferred = transferred || c.App == "transfer"
		case name == "connect":
			reply = esltest.ChannelData("variable_cs_when_hung", "countersign-unavailable XML countersign")
		default:
			filtered = filtered || strings.HasPrefix(name, "filter")
		}
		if _, err := io.WriteString(nc, reply); err != nil {
			return err
		}
	}
}

// events is what FreeSWITCH sends for an application: its completion, and without filters four more events on average.
func events(c esltest.Command, filtered bool) (frames string) {
	if !filtered {
		for range 4 {
			frames += esltest.Completion(esltest.Command{App: c.App, Arg: c.Arg, UUID: c.UUID}, "Event-Name", "CHANNEL_EXECUTE")
		}
	}
	if c.App == "play_and_get_digits" {
		return frames + esltest.Completion(c, "variable_read_result", "success", "variable_cs_digits", "2468")
	}
	if filtered && (esltest.Filtered(c.App) || c.App == "execute_extension") { // the holder ends with the call
		return ""
	}
	return frames + esltest.Completion(c)
}

func dialPatiently(addr string) (nc net.Conn, err error) {
	again := time.NewTicker(10 * time.Millisecond) // eslgo's server does not say when it is ready
	defer again.Stop()
	for range 1000 {
		if nc, err = net.Dial("tcp", addr); err == nil {
			return nc, nil
		}
		<-again.C
	}
	return nil, err
}
