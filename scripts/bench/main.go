// Bench answers "what does a call cost, and who is turned away when many call at once?". It calls a server in a process
// of its own, as FreeSWITCH would, with frames of full size, and counts what becomes of every caller: all key the right
// account and PIN.
//
//	go run . -server product -at 1,50,500 -think 2s
//
// Servers: eslgo and wire are the bare event socket, product is `countersign serve` with everything that it does by
// default. Processor time and memory of the server are what Linux says of its process; the generator's own time is
// printed beside them, since on a small machine it takes as much.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 2 && arguments[0] == "serve" {
		return serveBare(arguments[1])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	servers := flags.String("server", "eslgo,wire,product", "what to call, `names` separated by commas")
	at := flags.String("at", "1,50,500", "`numbers` of calls at once, separated by commas")
	calls := flags.Int("calls", 0, "calls of a run; 0: twice as many as at once, 1,000 at least")
	think := flags.Duration("think", 0, "how long callers take before they key")
	speed := flags.Float64("speed", 1, "how fast prompts and callers are; 0: they take no time, which leaves the server's work")
	hash := flags.String("hash", "hmac", "how the product stores PINs: hmac or argon2id")
	program := flags.String("countersign", "", "the `program` to measure; empty: built from this folder")
	settings := flags.String("settings", "", "a `file` with more settings of the product, YAML")
	keep := flags.String("profile", "", "write CPU profiles of the bare servers to this `folder`")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	fmt.Println(header)
	for name := range strings.SplitSeq(*servers, ",") {
		for number := range strings.SplitSeq(*at, ",") {
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 {
				return fmt.Errorf("-at has %q: it takes numbers from 1", number)
			}
			l := load{atOnce: n, calls: max(*calls, 0), think: *think, speed: *speed}
			if l.calls == 0 {
				l.calls = max(1000, 2*n)
			}
			s, err := start(name, product{program: *program, hash: *hash, settings: *settings, customers: l.calls}, *keep)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			r, err := l.run(s)
			s.stop()
			if err != nil {
				return fmt.Errorf("%s, %d at once: %w", name, n, err)
			}
			fmt.Println(r.row(name, l))
		}
	}
	return nil
}

// patience bounds every wait for a server.
const patience = time.Minute
