package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"countersign/freeswitch/sim"
	"countersign/prompts"
	"countersign/session/event"
)

func callCommand() *cli.Command {
	return &cli.Command{
		Name:  "call",
		Usage: "a telephone in the terminal: call a running countersign",
		Description: "Plays FreeSWITCH and its caller for a running \"countersign serve\". With --keys, prompts for " +
			"digits are answered in turn;\n" +
			"without, the keyboard is the keypad: 0-9 * # are keys, q hangs up. There is no sound: prompts are printed.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "server", Usage: "the service at `HOST:PORT`; default: socket.listen"},
			&cli.StringFlag{Name: "from", Usage: "call from this `NUMBER`", Value: "+15551230001"},
			&cli.StringFlag{Name: "to", Usage: "dial this `NUMBER`", Value: "5000"},
			&cli.BoolFlag{Name: "withheld", Usage: "hide the caller's number"},
			&cli.StringFlag{
				Name: "keys",
				Usage: "answer prompts with these `ENTRIES`, separated by commas: 100042,2468; words are spoken: planet " +
					"trumpet village",
			},
			&cli.StringFlag{Name: "token", Usage: "pass this ID&V `TOKEN` (cs_token)"},
			&cli.Float64Flag{Name: "speed", Usage: "run the caller's time `N` times as fast", Value: 1},
			&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
		},
		Action: call,
	}
}

func call(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	if c.Float64("speed") <= 0 {
		return wrongUse("--speed %v: it must be above 0", c.Float64("speed"))
	}
	if err := checkEntries(c.String("keys")); err != nil {
		return err
	}
	server := cfg.Socket.Listen
	if c.IsSet("server") {
		server = c.String("server")
	}
	result, hungUp, err := placeCall(c, server)
	switch {
	case err != nil:
		return err
	case hungUp:
		return nil
	case result.End == sim.Resumed && result.Times.Connect == 0:
		return fmt.Errorf("no answer at %s (%s): start \"countersign serve\", or set --server",
			server, result.Reason)
	}
	return reportCall(c, result)
}

// checkEntries checks --keys.
func checkEntries(keys string) error {
	for entry := range strings.SplitSeq(keys, ",") {
		keyed := strings.Trim(entry, "0123456789*#ABCD") == ""
		if spoken := strings.Trim(entry, "abcdefghijklmnopqrstuvwxyzäöüß '") == ""; !keyed && !spoken {
			return wrongUse("--keys has %q: keys are 0-9, * and #, with a comma between entries; an entry of lower-case "+
				"letters is spoken", entry)
		}
	}
	return nil
}

// placeCall calls the service, with answers from --keys or the keyboard. hungUp says that the person at the keyboard
// hung up.
func placeCall(c *cli.Context, server string) (result sim.Result, hungUp bool, err error) {
	phone, err := sim.New(sim.Options{Address: server, Speed: c.Float64("speed")})
	if err != nil {
		return result, false, err
	}
	screen := c.App.Writer
	if c.Bool("json") {
		screen = io.Discard
	}
	ctx, hangUp := context.WithCancel(c.Context)
	defer hangUp()
	o := sim.CallOptions{From: c.String("from"), To: c.String("to"), Withheld: c.Bool("withheld")}
	if t := c.String("token"); t != "" {
		o.Variables = append(o.Variables, sim.Variable{Name: "cs_token", Value: t})
	}
	restore := func() {}
	if c.IsSet("keys") {
		o.Caller = listening(screen, answering(strings.Split(c.String("keys"), ",")))
	} else {
		asked := make(chan struct{})
		every := time.Duration(float64(keyEvery) / c.Float64("speed"))
		o.Keypad, restore = liveKeypad(ctx, c.App.Reader, screen, hangUp, asked, every)
		o.Caller = listening(screen, whenAsked(asked))
		fmt.Fprint(screen, "Your keyboard is the keypad: 0-9 * # are keys, q hangs up.\r\n")
	}
	fmt.Fprintf(screen, "calling %s from %s\r\n", o.To, o.From)
	result, err = phone.Call(ctx, o)
	restore()
	if err != nil && ctx.Err() != nil {
		fmt.Fprintln(screen, "you hung up")
		return result, true, nil
	}
	return result, false, err
}

// answering answers each prompt with the next entry: keyed, or spoken if it has letters.
func answering(entries []string) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if !p.Digits && !p.Speech || len(entries) == 0 {
			return nil
		}
		entry := entries[0]
		entries = entries[1:]
		if strings.ContainsFunc(entry, unicode.IsLower) {
			return []sim.Act{{Wait: p.Length + sim.Human.First, Says: entry}}
		}
		return sim.Human.Type(p, entry)
	})
}

// textOf is the text of a recording, in its language.
func textOf(file string) string {
	if text, known := prompts.Words(file); known {
		return printable(text)
	}
	return "(" + file + ")"
}

// listening prints what a caller hears and keys.
func listening(screen io.Writer, person sim.Caller) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		for _, f := range p.Files {
			text := textOf(f)
			if f == prompts.Tone {
				text = "(a tone, because a recording is missing)"
			}
			fmt.Fprintf(screen, "%7.1fs  %s\r\n", p.At.Seconds(), text)
		}
		acts := person.Hear(p)
		var keys strings.Builder
		for _, a := range acts {
			if a.Key != 0 {
				keys.WriteByte(a.Key)
			}
			if a.Says != "" {
				fmt.Fprintf(screen, "          says: %s\r\n", a.Says)
			}
		}
		if keys.Len() > 0 {
			fmt.Fprintf(screen, "          keys: %s\r\n", keys.String())
		}
		return acts
	})
}

// reportCall prints the result of a call, as text or JSON.
func reportCall(c *cli.Context, r sim.Result) error {
	if c.Bool("json") {
		if err := json.NewEncoder(c.App.Writer).Encode(callJSON(r)); err != nil {
			return err
		}
	} else {
		printOutcome(c.App.Writer, r)
	}
	if r.Lost {
		return fmt.Errorf("the caller was lost: %s", r.Reason)
	}
	return nil
}

func callJSON(r sim.Result) map[string]any {
	vars := map[string]string{}
	for name, value := range r.Variables {
		if strings.HasPrefix(name, "cs_") {
			vars[name] = value
		}
	}
	return map[string]any{
		"end": r.End, "destination": r.Destination, "lost": r.Lost, "cause": r.Cause, "reason": r.Reason,
		"variables": vars, "headers": r.Headers, "seconds": r.Times.Call.Round(time.Millisecond).Seconds(),
	}
}

func printOutcome(to io.Writer, r sim.Result) {
	fmt.Fprintf(to, "%s", r.End)
	if r.Destination != "" {
		fmt.Fprintf(to, " to %s", r.Destination)
	}
	if status := r.Variables["cs_status"]; status != "" {
		word := painterFor(to).paint(statusColours[event.Status(status)], status)
		fmt.Fprintf(to, ": %s, level %s, %s", word, r.Variables["cs_level"], r.Variables["cs_reason"])
		if who := r.Variables["cs_customer"]; who != "" {
			fmt.Fprintf(to, ", customer %s", who)
		}
	}
	fmt.Fprintln(to)
	if r.Reason != "" {
		fmt.Fprintln(to, r.Reason)
	}
}
