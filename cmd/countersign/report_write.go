package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"countersign/internal/wholefile"
	"countersign/reports"
	"countersign/reports/render"
	"countersign/store/audit"
)

// writeReport writes a report to the file of -o, or to standard output.
func writeReport(c *cli.Context, made *reports.Report, format render.Format) error {
	path := writesTo(c)
	if path == "" {
		return render.Print(c.App.Writer, made, format, terminalOf(c.App.Writer))
	}
	return replaceFile(path, func(w io.Writer) error {
		return render.Print(w, made, format, render.Terminal{UTF8: true})
	})
}

// auditReport adds an entry about an exported report: one written to a file, or one with customers in it that was not
// shown on a terminal.
func auditReport(c *cli.Context, cfg config, name string, format render.Format, q reports.Query) error {
	to := "a pipe"
	switch path := writesTo(c); {
	case path != "":
		to = filepath.Base(path)
	case name != "calls" || isTerminal(c.App.Writer):
		return nil
	}
	return auditDone(c, cfg, audit.Exported, "report "+name, fmt.Sprintf("%s, %s, to %s", format, q.Period, to))
}

// replaceFile writes the file of -o.
func replaceFile(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder: -o takes the name of a file", path)
	}
	return wholefile.Replace(path, write)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalOf describes where a table is shown. Lines that go elsewhere than to a terminal have any length, unless
// COLUMNS is set.
func terminalOf(w io.Writer) render.Terminal {
	t := render.Terminal{UTF8: speaksUTF8()}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		t.Width = width
	} else if f, ok := w.(*os.File); ok && isTerminal(w) {
		t.Width, _, _ = term.GetSize(int(f.Fd()))
	}
	return t
}

// speaksUTF8 reads the locale as POSIX does: the first of the three that is set decides.
func speaksUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
