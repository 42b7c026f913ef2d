package deliver

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"countersign/reports"
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
		l.subject = made.Title + ", " + made.Period.String()
	}
	return l
}

func (s Schedule) text(made *reports.Report, incomplete bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%s (%s), %s\n\n", made.Title, made.Period, made.Period.Zone(), s.scope())
	for _, n := range made.Numbers {
		fmt.Fprintf(&text, "%s: %s", n.Title, said(n.Value))
		if n.Share != nil {
			fmt.Fprintf(&text, " (%s %%)", said(n.Share))
		}
		text.WriteByte('\n')
	}
	switch {
	case len(made.Numbers) > 0:
	case made.Of == 1:
		text.WriteString("1 row\n")
	default:
		fmt.Fprintf(&text, "%d rows\n", made.Of)
	}
	if incomplete {
		fmt.Fprintf(&text, "\n%s\n", NoteIncomplete)
	}
	text.WriteString("\nThe report is attached.\n")
	return text.String()
}

func (s Schedule) scope() string {
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
