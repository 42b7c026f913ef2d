package callback

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteICS writes a calendar entry (RFC 5545) of the window, in UTC, so that no calendar needs our time zones. hint says that
// a word was agreed; the word itself is not in it. sequence grows with each change of the same callback.
func (c Callback) WriteICS(w io.Writer, now time.Time, title, hint string) error {
	const form = "20060102T150405Z"
	status := "CONFIRMED"
	if c.State == Cancelled {
		status = "CANCELLED"
	}
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Countersign//Callback//EN", "METHOD:PUBLISH", "BEGIN:VEVENT",
		"UID:callback-" + c.ID, fmt.Sprintf("SEQUENCE:%d", c.Told), "DTSTAMP:" + now.UTC().Format(form),
		"DTSTART:" + c.From.UTC().Format(form), "DTEND:" + c.To.UTC().Format(form),
		"SUMMARY:" + icsText(title), "DESCRIPTION:" + icsText(hint), "STATUS:" + status, "TRANSP:TRANSPARENT",
		"END:VEVENT", "END:VCALENDAR",
	}
	for _, l := range lines {
		if _, err := io.WriteString(w, fold(l)+"\r\n"); err != nil {
			return err
		}
	}
	return nil
}

var icsEscapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

func icsText(text string) string { return icsEscapes.Replace(text) }

// fold breaks a line after at most 75 bytes, between characters (RFC 5545, 3.1).
func fold(line string) string {
	var b strings.Builder
	n := 0
	for _, r := range line {
		size := len(string(r))
		if n+size > 75 {
			b.WriteString("\r\n ")
			n = 1
		}
		b.WriteRune(r)
		n += size
	}
	return b.String()
}
