// Package deliver makes scheduled reports and takes them to a folder and by mail. It answers "what is made, when, and
// who has it already?" It knows no events and no command line: package schedule says when a report is due, package
// reports what it says.
package deliver

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/store/audit"
)

// Order is one report to make.
type Order struct {
	Due time.Time
	// ID identifies a report of a schedule. A mail that is sent again has the same one, by which many servers recognise
	// it.
	ID string
	// Sent are the addresses that have the mail already.
	Sent []string
	// Incomplete says that not all events were counted.
	Incomplete bool
}

// NoteIncomplete is a note in an incomplete report and its mail.
const NoteIncomplete = "Not all events were counted when this report was made: calls may be missing."

// Delivery is the result of a scheduled report.
type Delivery struct {
	Period reports.Period
	// Went are the places and people that got it now; Sent are all who have the mail.
	Went, Sent []string

	schedule Schedule
}

// Deliver makes a report as of a due time and delivers it. What is in the Delivery is done, even with an error.
func Deliver(ctx context.Context, reader *reports.Reader, server Mail, s Schedule, o Order) (done Delivery, err error) {
	done = Delivery{Sent: o.Sent, schedule: s}
	one, err := s.due()
	if err != nil {
		return done, err
	}
	zone := one.Cron.Zone()
	done.Period = s.Period.Period(zone, o.Due)
	name := fmt.Sprintf("%s-%s.%s", s.Name, done.Period.From.Format(time.DateOnly), s.extension())
	l, err := s.make(ctx, reader, done.Period, name, o)
	if err != nil {
		return done, err
	}
	defer func() { _ = l.file.Close() }() // only read: an error is no reason to send again
	if s.Folder != "" {
		done.Went = append(done.Went, filepath.Join(s.Folder, name))
	}
	if len(l.to) == 0 {
		return done, nil
	}
	sent, err := server.send(ctx, l)
	done.Went, done.Sent = append(done.Went, sent...), append(slices.Clone(done.Sent), sent...)
	return done, err
}

// make makes the report, its file and its mail.
func (s Schedule) make(
	ctx context.Context, reader *reports.Reader, p reports.Period, name string, o Order,
) (l letter, err error) {
	language, err := s.language()
	if err != nil {
		return letter{}, err
	}
	q := reports.Query{Period: p, Lines: s.Lines, Quiet: true, By: s.By, Language: language, Compare: s.Compare != "", Rounded: s.Rounded}
	var file *os.File
	err = reader.Read(ctx, s.Report, q, func(made *reports.Report) (err error) {
		if o.Incomplete {
			made.Notes = append([]string{made.Language.Text(NoteIncomplete)}, made.Notes...)
		}
		l = s.letter(made, o)
		l.name = name
		file, err = writeFile(s.Folder, name, func(w io.Writer) error {
			return render.Print(w, made, s.Format, render.Terminal{UTF8: true})
		})
		return err
	})
	if err != nil {
		_ = file.Close()
		return letter{}, err
	}
	l.file = file
	return l, nil
}

func (s Schedule) extension() string {
	if s.Format == render.Table {
		return "txt"
	}
	return string(s.Format)
}

// Entry is the audit log entry about what was delivered; ok is false if nothing was.
func (d Delivery) Entry(actor string) (e audit.Entry, ok bool) {
	s := d.schedule
	return audit.Entry{
		Actor: actor, Action: audit.Exported, Object: "report " + s.Report,
		Detail: fmt.Sprintf("schedule %s, %s, %s, %s, to %s", s.Name, s.Format, d.Period, s.scope(),
			strings.Join(d.Went, ", ")),
	}, len(d.Went) > 0
}
