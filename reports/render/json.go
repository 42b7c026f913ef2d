package render

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"io"
	"time"

	"countersign/reports"
)

// Schema is the JSON Schema of what a report is as JSON, with what every field means.
//
//go:embed report.schema.json
var Schema []byte

type jsonHead struct {
	Report   string       `json:"report"`
	Title    string       `json:"title"`
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	TimeZone string       `json:"time_zone"`
	Lines    []string     `json:"lines"`
	Filters  []string     `json:"filters"`
	Made     time.Time    `json:"made"`
	Counted  *time.Time   `json:"counted_until"`
	Before   *jsonPeriod  `json:"compared_with,omitempty"`
	Numbers  []jsonNumber `json:"numbers"`
	Columns  []jsonColumn `json:"columns"`
	Notes    []string     `json:"notes"`
	Of       int64        `json:"of"`
}

type jsonPeriod struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type jsonNumber struct {
	Key     string       `json:"key"`
	Title   string       `json:"title"`
	Kind    reports.Kind `json:"kind"`
	Value   any          `json:"value"`
	Percent any          `json:"percent"`
}

type jsonColumn struct {
	Key   string       `json:"key"`
	Title string       `json:"title"`
	Kind  reports.Kind `json:"kind"`
	Means string       `json:"means,omitempty"`
}

// printJSON writes one object whose last member holds the rows, one per line, so that neither side needs them all in
// memory.
func printJSON(w io.Writer, r *reports.Report) error {
	head := jsonHead{
		Report: r.Name, Title: r.Title, From: r.Period.From, To: r.Period.To, TimeZone: r.Period.Zone(),
		Lines:   append([]string{}, r.Lines...),
		Filters: append([]string{}, r.Filters...), Made: r.Made.Truncate(time.Millisecond), Counted: r.Counted,
		Numbers: []jsonNumber{}, Notes: append([]string{}, r.Notes...), Of: r.Of,
	}
	if r.Before != nil {
		head.Before = &jsonPeriod{r.Before.From, r.Before.To}
	}
	for _, n := range r.Numbers {
		head.Numbers = append(head.Numbers, jsonNumber{n.Key, n.Title, n.Kind, n.Value, n.Share})
	}
	for _, c := range r.Columns {
		head.Columns = append(head.Columns, jsonColumn{c.Key, c.Title, c.Kind, c.Means})
	}
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	_, _ = out.Write(text[:len(text)-1]) // a Writer keeps its first error for Flush
	_, _ = out.WriteString(",\"rows\":[")
	first := true
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		if !first {
			_ = out.WriteByte(',')
		}
		first = false
		_, _ = out.WriteString("\n{")
		for i, v := range row {
			if i > 0 {
				_ = out.WriteByte(',')
			}
			if d, ok := v.(reports.Day); ok {
				v = d.String()
			}
			value, err := json.Marshal(v)
			if err != nil {
				return err
			}
			_, _ = out.WriteString(`"` + r.Columns[i].Key + `":`)
			_, _ = out.Write(value)
		}
		if err := out.WriteByte('}'); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("\n]}\n")
	return out.Flush()
}
