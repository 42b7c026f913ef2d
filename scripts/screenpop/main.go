// Command screenpop opens the customer's page when a caller is identified or verified, or fails: a start for your own
// screen pop. It goes by what the service has signed, so that a forged message pops nothing.
//
//	go run ./scripts/screenpop --key countersign-data/nats-read.key --open xdg-open
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"time"

	"github.com/nats-io/nats.go"
)

func main() {
	server := flag.String("nats", nats.DefaultURL, "NATS at `URL`")
	key := flag.String("key", "", "log in with the key in `FILE`: nats-read.key of Countersign's --data, for its own NATS")
	jwks := flag.String("jwks", "http://127.0.0.1:8085/.well-known/jwks.json",
		"the service's public keys: a `URL or FILE`")
	oldest := flag.Duration("oldest", 5*time.Minute, "do not pop what is older")
	open := flag.String("open", "", "open pages with `PROGRAM`, such as xdg-open; without it they are only printed")
	flag.Parse()
	options := []nats.Option{nats.MaxReconnects(-1)}
	if *key != "" {
		login, err := nats.NkeyOptionFromSeed(*key)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, login)
	}
	trusted, err := readKeys(*jwks)
	if err != nil {
		log.Fatal(err)
	}
	conn, err := nats.Connect(*server, options...)
	if err != nil {
		log.Fatal(err)
	}
	events := make(chan *nats.Msg, 64)
	for _, fact := range []string{"identified", "verified", "failed"} {
		if _, err := conn.ChanSubscribe("countersign.v1.*."+fact, events); err != nil {
			log.Fatal(err)
		}
	}
	pop(events, trusted, *oldest, os.Stdout, func(page string) error {
		if *open == "" {
			return nil
		}
		return exec.Command(*open, page).Run()
	})
}

// pop prints each event that has a page and a good proof, and shows the page. It returns when events is closed.
func pop(events <-chan *nats.Msg, trusted keys, oldest time.Duration, out io.Writer, show func(page string) error) {
	seen := map[string]bool{} // an event may come twice; a long-running program should forget ids after a day
	for msg := range events {
		var e struct {
			Replay string
			Test   bool
			Data   struct{ Proof string }
		}
		if err := json.Unmarshal(msg.Data, &e); err != nil || e.Replay != "" || e.Test {
			continue // a replay is an old call, a test one of staff
		}
		said, err := trusted.check(e.Data.Proof, time.Now(), oldest)
		if err != nil {
			log.Printf("%s: %v", msg.Subject, err)
			continue
		}
		if seen[said.ID] || said.PopURL == "" { // without line.pop_url there is no page
			continue
		}
		seen[said.ID] = true
		fmt.Fprintf(out, "%s %s (level %d) %s\n", said.Call, said.Status, said.Level, said.PopURL)
		if err := show(said.PopURL); err != nil {
			log.Print(err)
		}
	}
}
