package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"countersign/ops/doctor"
	"countersign/session/event"
)

// colour is an SGR code (ECMA-48) of a terminal.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	faint  colour = "2"
)

// painter colours text for one writer.
type painter bool

// painterFor colours on a terminal, unless NO_COLOR (no-color.org) or TERM=dumb forbids it.
func painterFor(out io.Writer) painter {
	f, ok := out.(*os.File)
	return painter(ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())))
}

func (p painter) paint(c colour, text string) string {
	if !p || c == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Colours of words that people look for. The word always stands beside the colour.
var (
	stateColours = map[doctor.State]colour{
		doctor.OK: green, doctor.Note: yellow, doctor.Problem: red, doctor.Skipped: faint,
	}
	statusColours = map[event.Status]colour{
		event.StatusVerified: green, event.StatusIdentified: yellow, event.StatusNone: red,
	}
	factColours = map[event.Fact]colour{
		event.FactVerified: green, event.FactIdentified: yellow, event.FactFailed: red, event.FactLocked: red,
		event.FactAlarm: red, event.FactAgentConnected: green, event.FactAgentMissed: yellow, event.FactStepStarted: faint, event.FactStepFinished: faint,
	}
)
