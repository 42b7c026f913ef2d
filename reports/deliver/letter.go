package deliver

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"countersign/reports"
	"countersign/reports/words"
)

// letter is a mail with a file.
type letter struct {
	// id is the same if the same mail is sent again.
	id            string
	to            []string
	subject, text string
	name          string
	file          io.ReadSeekCloser
}

// letter is a mail with the numbers that matter most.
func (s Schedule) letter(made *reports.Report, o Order) letter {
	l := letter{id: s.Name + "." + o.ID, subject: s.Mail.Subject, text: s.text(made, o.Incomplete)}
	for _, to := range s.Mail.To {
		if !slices.Contains(o.Sent, to) {
			l.to = append(l.to, to)
		}
	}
	if l.subject == "" {
		l.subject = made.Title + ", " + made.Period.Say(made.Language)
	}
	return l
}

func (s Schedule) text(made *reports.Report, incomplete bool) string {
	var text strings.Builder
	say := made.Language
	fmt.Fprintf(&text, "%s\n%s (%s), %s\n\n", made.Title, made.Period.Say(say), made.Period.Zone(), s.scopeIn(say))
	for _, n := range made.Numbers {
		fmt.Fprintf(&text, "%s: %s", n.Title, made.ShownValue(n.Value))
		if n.Share != nil {
			fmt.Fprintf(&text, " (%s %%)", made.ShownValue(n.Share))
		}
		text.WriteByte('\n')
	}
	switch {
	case len(made.Numbers) > 0:
	case made.Of == 1:
		text.WriteString(say.Text("1 row") + "\n")
	default:
		text.WriteString(say.Sprintf("%d rows", made.Of) + "\n")
	}
	if incomplete {
		fmt.Fprintf(&text, "\n%s\n", say.Text(NoteIncomplete))
	}
	text.WriteString("\n" + say.Text("The report is attached.") + "\n")
	return text.String()
}

// scope is in English, for the audit log.
func (s Schedule) scope() string { return s.scopeIn(words.English) }

func (s Schedule) scopeIn(l words.Language) string {
	if len(s.Lines) == 0 {
		return l.Text("all lines")
	}
	return l.Sprintf("lines %s", strings.Join(s.Lines, ", "))
}
