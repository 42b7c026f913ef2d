// Command screenpop opens the customer's page when a caller is identified or verified, or fails: a start for your own
// screen pop.
//
//	go run ./scripts/screenpop --nats nats://127.0.0.1:4222 --open xdg-open
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"

	"github.com/nats-io/nats.go"
)

func main() {
	server := flag.String("nats", nats.DefaultURL, "NATS at `URL`")
	open := flag.String("open", "", "open pages with `PROGRAM`, such as xdg-open; without it they are only printed")
	flag.Parse()
	conn, err := nats.Connect(*server, nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	events := make(chan *nats.Msg, 64)
	for _, fact := range []string{"identified", "verified", "failed"} {
		if _, err := conn.ChanSubscribe("countersign.v1.*."+fact, events); err != nil {
			log.Fatal(err)
		}
	}
	pop(events, os.Stdout, func(page string) error {
		if *open == "" {
			return nil
		}
		return exec.Command(*open, page).Run()
	})
}

// pop prints each event that has a page, and shows the page. It returns when events is closed.
func pop(events <-chan *nats.Msg, out io.Writer, show func(page string) error) {
	seen := map[string]bool{} // an event may come twice; a long-running program should forget ids after a day
	for msg := range events {
		var e struct {
			ID, Call, Replay string
			Data             struct {
				Status string
				Level  int
				PopURL string `json:"pop_url"`
			}
		}
		if err := json.Unmarshal(msg.Data, &e); err != nil || e.Replay != "" || seen[e.ID] || e.Data.PopURL == "" {
			continue // a replay is an old call; without line.pop_url there is no page
		}
		seen[e.ID] = true
		fmt.Fprintf(out, "%s %s (level %d) %s\n", e.Call, e.Data.Status, e.Data.Level, e.Data.PopURL)
		if err := show(e.Data.PopURL); err != nil {
			log.Print(err)
		}
	}
}
