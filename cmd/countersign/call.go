package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
	"unicode"

	"countersign/freeswitch/sim"
	"countersign/prompts"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

func callCommand() *cli.Command {
	return &cli.Command{
		Name:  "call",
		Usage: "a telephone in the terminal: call a running countersign",
		Description: "Plays FreeSWITCH and its caller towards a running \"countersign serve\". With --keys the digit prompts are answered in turn; without,\n" +
			"the keyboard is the keypad: 0-9 * # are keys, q hangs up. There is no sound: what would be heard is printed.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "server", Usage: "the service at `HOST:PORT`; default: socket.listen"},
			&cli.StringFlag{Name: "from", Usage: "call from this `NUMBER`", Value: "+15551230001"},
			&cli.StringFlag{Name: "to", Usage: "dial this `NUMBER`", Value: "5000"},
			&cli.BoolFlag{Name: "withheld", Usage: "hide the caller's number"},
			&cli.StringFlag{Name: "keys", Usage: "answer what is asked with these `ENTRIES`, separated by commas: 100042,2468; words are spoken: planet trumpet village"},
			&cli.StringFlag{Name: "token", Usage: "bring this ID&V `TOKEN` along (cs_token)"},
			&cli.Float64Flag{Name: "speed", Usage: "let the caller's time run `N` times as fast", Value: 1},
			&cli.BoolFlag{Name: "json", Usage: "print what became of the call as JSON"},
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
	for entry := range strings.SplitSeq(c.String("keys"), ",") {
		keyed := strings.Trim(entry, "0123456789*#ABCD") == ""
		if spoken := strings.Trim(entry, "abcdefghijklmnopqrstuvwxyzäöüß '") == ""; !keyed && !spoken {
			return wrongUse("--keys has %q: keys are 0-9, *, #, and a comma between entries; an entry of small letters alone is spoken", entry)
		}
	}
	server := cfg.Socket.Listen
	if c.IsSet("server") {
		server = c.String("server")
	}
	phone, err := sim.New(sim.Options{Address: server, Speed: c.Float64("speed")})
	if err != nil {
		return err
	}
	screen := c.App.Writer
	if c.Bool("json") {
		screen = io.Discard
	}
	ctx, hangUp := context.WithCancel(c.Context)
	defer hangUp()
	restore := func() {}
	o := sim.CallOptions{From: c.String("from"), To: c.String("to"), Withheld: c.Bool("withheld")}
	var person sim.Caller
	if t := c.String("token"); t != "" {
		o.Variables = append(o.Variables, sim.Variable{Name: "cs_token", Value: t})
	}
	if c.IsSet("keys") {
		person = answering(strings.Split(c.String("keys"), ","))
	} else {
		asked := make(chan struct{})
		keypad, give := liveKeypad(ctx, c.App.Reader, screen, hangUp, asked, time.Duration(float64(keyEvery)/c.Float64("speed")))
		restore = give
		o.Keypad, person = keypad, whenAsked(asked)
		fmt.Fprint(screen, "Your keyboard is the keypad: 0-9 * # are keys, q hangs up.\r\n")
	}
	o.Caller = listening(screen, person)
	fmt.Fprintf(screen, "calling %s from %s\r\n", o.To, o.From)
	result, err := phone.Call(ctx, o)
	restore()
	if err != nil && ctx.Err() != nil {
		fmt.Fprintln(screen, "you hung up")
		return nil
	}
	if err != nil {
		return err
	}
	if result.End == sim.Resumed && result.Times.Connect == 0 {
		return fmt.Errorf("nobody answers at %s (%s): start \"countersign serve\", or name it with --server", server, result.Reason)
	}
	return reportCall(c, result)
}

// answering answers what is asked with the next entry, keyed or, if it has letters, spoken.
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

// textOf is what a recording says, in the language that it is in.
func textOf(file string) string {
	language, name := path.Split(file)
	texts, _ := prompts.Texts(path.Base(language))
	if text, known := texts[strings.TrimSuffix(name, ".wav")]; known {
		return text
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

// keyEvery is how fast keys are pressed that come from a file or a pipe; a person at a terminal has their own pace.
const keyEvery = 200 * time.Millisecond

// whenAsked is a caller who does nothing, and tells when digits are asked for the first time.
func whenAsked(asked chan<- struct{}) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if p.Digits && asked != nil {
			close(asked)
			asked = nil
		}
		return nil
	})
}

// liveKeypad turns the keyboard into a keypad; keys from a file or a pipe wait until they are asked for. restore gives the terminal back.
func liveKeypad(ctx context.Context, in io.Reader, screen io.Writer, hangUp func(), asked <-chan struct{}, every time.Duration) (keys <-chan rune, restore func()) {
	restore = func() {}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		every = 0
		if old, err := term.MakeRaw(int(f.Fd())); err == nil {
			restore = func() { _ = term.Restore(int(f.Fd()), old) }
		}
	}
	pressed := make(chan rune)
	go func() {
		r := bufio.NewReader(in)
		for {
			key, _, err := r.ReadRune()
			switch {
			case err != nil:
				return // no more keys; the call goes on without them
			case key == 'q', key == 3, key == 4: // Ctrl-C, Ctrl-D
				hangUp()
				return
			case !strings.ContainsRune("0123456789*#ABCD", key):
				continue
			}
			if every > 0 {
				select {
				case <-asked:
				case <-ctx.Done():
					return
				}
				time.Sleep(every)
			}
			select {
			case pressed <- key:
				fmt.Fprintf(screen, "          key: %c\r\n", key)
			case <-ctx.Done():
				return
			}
		}
	}()
	return pressed, restore
}

// reportCall prints what became of a call, for people or programs.
func reportCall(c *cli.Context, r sim.Result) error {
	if c.Bool("json") {
		vars := map[string]string{}
		for name, value := range r.Variables {
			if strings.HasPrefix(name, "cs_") {
				vars[name] = value
			}
		}
		err := json.NewEncoder(c.App.Writer).Encode(map[string]any{
			"end": r.End, "destination": r.Destination, "lost": r.Lost, "cause": r.Cause, "reason": r.Reason, "variables": vars, "headers": r.Headers,
			"seconds": r.Times.Call.Round(time.Millisecond).Seconds(),
		})
		if err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.App.Writer, "%s", r.End)
		if r.Destination != "" {
			fmt.Fprintf(c.App.Writer, " to %s", r.Destination)
		}
		if status := r.Variables["cs_status"]; status != "" {
			fmt.Fprintf(c.App.Writer, ": %s, level %s, %s", status, r.Variables["cs_level"], r.Variables["cs_reason"])
			if who := r.Variables["cs_customer"]; who != "" {
				fmt.Fprintf(c.App.Writer, ", customer %s", who)
			}
		}
		fmt.Fprintln(c.App.Writer)
		if r.Reason != "" {
			fmt.Fprintln(c.App.Writer, r.Reason)
		}
	}
	if r.Lost {
		return fmt.Errorf("the caller was lost: %s", r.Reason)
	}
	return nil
}
