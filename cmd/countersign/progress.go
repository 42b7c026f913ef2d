package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a long job has got: a bar on a terminal, a line now and then elsewhere.
type progress struct {
	out      io.Writer
	what     string
	unit     string
	bar      *progressbar.ProgressBar
	lastLine time.Time
}

// plainEvery is the time between lines without a bar.
const plainEvery = 5 * time.Second

// newProgress starts a job of this many bytes; 0 is unknown.
func newProgress(out io.Writer, what, unit string, bytes int64) *progress {
	p := &progress{out: out, what: what, unit: unit, lastLine: time.Now()}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if bytes <= 0 {
			bytes = -1
		}
		p.bar = progressbar.NewOptions64(bytes, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
			progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

func (p *progress) at(count int, bytes int64) {
	switch {
	case p.bar != nil:
		p.bar.Describe(fmt.Sprintf("%s, %d %s", p.what, count, p.unit))
		_ = p.bar.Set64(bytes)
	case time.Since(p.lastLine) >= plainEvery:
		p.lastLine = time.Now()
		fmt.Fprintf(p.out, "%s: %d %s\n", p.what, count, p.unit)
	}
}

// say prints a line above the bar.
func (p *progress) say(line string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.out, line)
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
