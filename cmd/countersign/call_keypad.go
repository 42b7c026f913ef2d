package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"countersign/freeswitch/sim"
)

// keyEvery is the pace of keys from a file or a pipe; a person at a terminal has their own.
const keyEvery = 200 * time.Millisecond

// whenAsked is a caller who does nothing, and reports the first prompt for digits.
func whenAsked(asked chan<- struct{}) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if p.Digits && asked != nil {
			close(asked)
			asked = nil
		}
		return nil
	})
}

// liveKeypad turns the keyboard into a keypad. Keys from a file or a pipe wait for the first prompt. restore resets the
// terminal.
func liveKeypad(
	ctx context.Context, in io.Reader, screen io.Writer, hangUp func(), asked <-chan struct{}, every time.Duration,
) (keys <-chan rune, restore func()) {
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
