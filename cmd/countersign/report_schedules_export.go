package main

import (
	"context"
	"errors"
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

// exportOrder says which report is made.
type exportOrder struct {
	due time.Time
	// id tells reports of a schedule apart: a letter that is sent once more has the same one, by which many servers know it.
	id string
	// sent are the addresses that have the letter already.
	sent []string
	// incomplete says that not all events were counted.
	incomplete bool
}

const noteIncomplete = "Not all events were counted when this report was made: calls may be missing."

// export is what became of a scheduled report.
type export struct {
	period reports.Period
	// went are the places where it is, and the people who got it now; sent are those who have the letter.
	went, sent []string
}

// exportScheduled makes a report as of a due time and takes it where it belongs. What is in the result is done, whatever the error says.
func exportScheduled(ctx context.Context, cfg config, s scheduleSettings, reader *reports.Reader, o exportOrder) (done export, err error) {
	done.sent = o.sent
	one, err := s.schedule()
	if err != nil {
		return done, err
	}
	zone := one.Cron.Zone()
	first, last := s.Period.Days(o.due.In(zone))
	if done.period, err = reports.ParsePeriod(first, last, zone, o.due); err != nil {
		return done, fmt.Errorf("%s has no days: %w", s.Period, err)
	}
	name := fmt.Sprintf("%s-%s.%s", s.Name, first, s.extension())
	q := reports.Query{Period: done.period, Lines: s.Lines, Quiet: true, By: s.By}
	if !s.Format.Whole() {
		q.Limit = fewCalls
	}
	var file *os.File
	defer func() { _ = file.Close() }() // which was only read: no reason to send it again
	var l letter
	err = reader.Read(ctx, s.Report, q, func(made *reports.Report) (err error) {
		if o.incomplete {
			made.Notes = append([]string{noteIncomplete}, made.Notes...)
		}
		l = s.letter(made, o)
		file, err = s.write(name, func(w io.Writer) error { return render.Print(w, made, s.Format, render.Terminal{UTF8: true}) })
		return err
	})
	if err != nil {
		return done, err
	}
	if s.Folder != "" {
		done.went = append(done.went, filepath.Join(s.Folder, name))
	}
	if len(l.to) == 0 {
		return done, nil
	}
	l.name, l.file = name, file
	sent, err := cfg.Reports.Mail.send(ctx, l)
	done.went, done.sent = append(done.went, sent...), append(slices.Clone(done.sent), sent...)
	return done, err
}

func (s scheduleSettings) extension() string {
	if s.Format == render.Table {
		return "txt"
	}
	return string(s.Format)
}

// write writes the file into the folder, or, without one, where nobody finds it, and opens it.
func (s scheduleSettings) write(name string, print func(io.Writer) error) (*os.File, error) {
	if s.Folder != "" {
		path := filepath.Join(s.Folder, name)
		if err := replaceFile(path, print); err != nil {
			return nil, err
		}
		return os.Open(path)
	}
	file, err := os.CreateTemp("", "countersign-report-*")
	if err != nil {
		return nil, err
	}
	err = os.Remove(file.Name()) // nothing is left of it, whatever happens to the process
	if err == nil {
		err = print(file)
	}
	if _, again := file.Seek(0, io.SeekStart); err == nil {
		err = again
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// letter says the numbers that matter most.
func (s scheduleSettings) letter(made *reports.Report, o exportOrder) letter {
	l := letter{id: s.Name + "." + o.id, subject: s.Mail.Subject}
	for _, to := range s.Mail.To {
		if !slices.Contains(o.sent, to) {
			l.to = append(l.to, to)
		}
	}
	if l.subject == "" {
		l.subject = made.Title + ", " + made.Period.String()
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%s (%s), %s\n\n", made.Title, made.Period, made.Period.Zone(), s.scope())
	for _, n := range made.Numbers {
		fmt.Fprintf(&text, "%s: %s", n.Title, said(n.Value))
		if n.Share != nil {
			fmt.Fprintf(&text, " (%s %%)", said(n.Share))
		}
		text.WriteByte('\n')
	}
	if len(made.Numbers) == 0 {
		fmt.Fprintf(&text, "%s\n", counted(int(made.Of), "row"))
	}
	if o.incomplete {
		fmt.Fprintf(&text, "\n%s\n", noteIncomplete)
	}
	text.WriteString("\nThe report is attached.\n")
	l.text = text.String()
	return l
}

func (s scheduleSettings) scope() string {
	if len(s.Lines) == 0 {
		return "all lines"
	}
	return "lines " + strings.Join(s.Lines, ", ")
}

func said(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case float64:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprint(v)
	}
}

// auditExport leaves an entry about what went where.
func auditExport(ctx context.Context, cfg config, actor string, s scheduleSettings, done export) error {
	if len(done.went) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	return appendAudit(ctx, cfg, audit.Entry{
		Actor: actor, Action: audit.Exported, Object: "report " + s.Report,
		Detail: fmt.Sprintf("schedule %s, %s, %s, %s, to %s", s.Name, s.Format, done.period, s.scope(), strings.Join(done.went, ", ")),
	})
}
