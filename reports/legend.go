package reports

import (
	"slices"
	"strings"

	"countersign/reports/words"
)

// translate turns what people read from English into the report's language.
func (r *Report) translate() {
	l := r.Language
	r.Title = l.Text(r.Title)
	for _, columns := range [][]Column{r.Columns, r.measures} {
		for i := range columns {
			columns[i].Title, columns[i].Means = l.Text(columns[i].Title), l.Text(columns[i].Means)
		}
	}
	for i := range r.Numbers {
		r.Numbers[i].Title = l.Text(r.Numbers[i].Title)
	}
	for i, note := range r.Notes {
		r.Notes[i] = l.Text(note)
	}
}

// Word is a value for people: codes become words, everything else stays.
func (r *Report) Word(row Row, i int) any {
	if code, ok := row[i].(string); ok && code != "" {
		if m, ok := r.measure(i, code); ok {
			return m.Title
		}
		return r.Language.Word(r.vocabulary(row, i), code)
	}
	return row[i]
}

// Shown is Word as text.
func (r *Report) Shown(row Row, i int) string {
	shown := r.ShownValue(r.Word(row, i))
	if r.Columns[i].Signed && Float(row[i]) > 0 {
		return "+" + shown
	}
	return shown
}

// measure is the column that a value of a column named number stands for.
func (r *Report) measure(column int, code string) (Column, bool) {
	if r.Columns[column].Key != "number" {
		return Column{}, false
	}
	i := slices.IndexFunc(r.measures, func(c Column) bool { return c.Key == code })
	if i < 0 {
		return Column{}, false
	}
	return r.measures[i], true
}

// ShownValue is a value that is no code as text.
func (r *Report) ShownValue(v any) string {
	if _, ok := v.(float64); ok {
		return r.Language.Number(Shown(v))
	}
	return Shown(v)
}

// vocabulary is that of a cell. What a row of a counted report is about depends on its section.
func (r *Report) vocabulary(row Row, i int) words.Vocabulary {
	if r.Columns[i].Key != "what" {
		return r.Columns[i].Words
	}
	switch row[0] {
	case "reason":
		return words.Reasons
	case "step":
		return words.Steps
	case "methods":
		return words.Methods
	case "weekday":
		return words.Weekdays
	}
	return words.Names
}

// Legend explains the columns that are shown and the words that occur in them, and nothing else.
type Legend struct {
	r       *Report
	columns []int
	seen    map[term]bool
	terms   []term // in the order in which they occur
}

type term struct{ word, means string }

// NewLegend is a legend of these columns; nil: of all.
func (r *Report) NewLegend(columns []int) *Legend {
	if columns == nil {
		for i := range r.Columns {
			columns = append(columns, i)
		}
	}
	return &Legend{r: r, columns: columns, seen: map[term]bool{}}
}

// See takes the words of a row.
func (l *Legend) See(row Row) {
	for _, i := range l.columns {
		code, ok := row[i].(string)
		if m, is := l.r.measure(i, code); is {
			l.see(term{word: m.Title, means: m.Means})
			continue
		}
		v := l.r.vocabulary(row, i)
		if !ok || code == "" || v == words.Names {
			continue
		}
		if v != words.Methods {
			l.see(l.r.term(v, code))
			continue
		}
		for method := range strings.FieldsFuncSeq(code, func(r rune) bool { return r == ',' || r == ' ' }) {
			l.see(l.r.term(words.Steps, method))
		}
	}
}

func (r *Report) term(v words.Vocabulary, code string) term {
	return term{r.Language.Word(v, code), r.Language.Explain(v, code)}
}

func (l *Legend) see(t term) {
	if !l.seen[t] {
		l.seen[t] = true
		l.terms = append(l.terms, t)
	}
}

// Notes are the columns and the words, each once and explained.
func (l *Legend) Notes() (notes []string) {
	said := map[string]bool{}
	add := func(all []string, word, means string) []string {
		line := word + ": " + means
		if means == "" || said[line] {
			return all
		}
		said[line] = true
		return append(all, line)
	}
	var columns, terms []string
	for _, i := range l.columns {
		columns = add(columns, l.r.Columns[i].Title, l.r.Columns[i].Means)
	}
	for _, t := range l.terms {
		terms = add(terms, t.word, t.means)
	}
	for _, all := range [][]string{columns, terms} {
		if len(all) > 0 {
			notes = append(notes, strings.Join(all, "; ")+".")
		}
	}
	return notes
}
