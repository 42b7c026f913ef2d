package reports

import "math"

// Few is the smallest count that a rounded report shows. Counts from it on are rounded to its multiples.
const Few = 5

const noteRounded = "Counts are rounded to fives and fewer than five are left out, so that nobody can be recognised. " +
	"Percentages are of the rounded counts."

// shares are the columns in percent, with their parts and wholes.
var shares = map[string]struct{ part, whole string }{
	"identified_by_ani_percent":    {"identified_by_ani", "calls"},
	"identified_otherwise_percent": {"identified_otherwise", "calls"},
	"not_identified_percent":       {"not_identified", "calls"},
	"verified_percent":             {"verified", "calls"},
	"failed_percent":               {"failed", "calls"},
	"strong_percent":               {"strong", "verified"},
	"success_percent":              {"success", "asked"},
}

// Rounded is a count as a rounded report shows it: 0, a multiple of Few, or nil for fewer. Leaving the few out is not
// enough: they are the difference between a total and the rest, between two columns, and between two periods.
func Rounded(n int64) any {
	if n == 0 {
		return n
	}
	if n < Few {
		return nil
	}
	return (n + Few/2) / Few * Few
}

// round rounds all that would give small counts away. Percentages are computed anew from the rounded counts, and
// seconds are whole ones: their mean, times a count, would be the exact sum.
func (r *Report) round() error {
	rows, err := r.Collect(1 << 30)
	if err != nil {
		return err
	}
	exact := make([]Row, len(rows))
	for n, row := range rows {
		exact[n], rows[n] = row, make(Row, len(row))
		copy(rows[n], row)
		for i, c := range r.Columns {
			if v, ok := row[i].(int64); ok && c.Kind == Count {
				rows[n][i] = Rounded(v)
			}
		}
	}
	for n, row := range rows {
		for i, c := range r.Columns {
			switch {
			case c.Kind == Percent && row[i] != nil:
				row[i] = r.roundedShare(rows[0], row, c.Key)
			case c.Kind == Seconds && row[i] != nil:
				row[i] = r.roundedSeconds(exact[n], i)
			}
		}
	}
	for i, n := range r.Numbers {
		r.Numbers[i].Value = rows[0][r.column(n.Key)]
		if n.Share != nil {
			r.Numbers[i].Share = rows[0][r.column(n.Key+"_percent")]
		}
	}
	r.Rows = Rows(rows)
	r.Notes = append([]string{noteRounded}, r.Notes...)
	return nil
}

func (r *Report) roundedShare(total, row Row, key string) any {
	pair, known := shares[key]
	of := row
	if key == "share_percent" {
		of = total
		if pair.part = "verified"; r.has("failed") {
			pair.part = "failed"
		}
		pair.whole, known = pair.part, true
	}
	if !known {
		return nil
	}
	part, ok := row[r.column(pair.part)].(int64)
	whole, also := of[r.column(pair.whole)].(int64)
	if !ok || !also || whole == 0 {
		return nil
	}
	return math.Round(100 * float64(part) / float64(whole))
}

// roundedSeconds is nil if fewer than five calls took that time.
func (r *Report) roundedSeconds(exact Row, column int) any {
	count := func(key string) int64 {
		if !r.has(key) {
			return 0
		}
		n, _ := exact[r.column(key)].(int64)
		return n
	}
	var of int64
	switch r.Columns[column].Key {
	case "mean_seconds", "median_seconds", "p95_seconds":
		of = count("verified") + count("failed") + count("asked")
	case "seconds_per_success":
		of = count("success")
	}
	if of < Few { // total_seconds, too: divided by the mean it is the exact count
		return nil
	}
	return math.Round(Float(exact[column]))
}

func (r *Report) has(key string) bool {
	for _, c := range r.Columns {
		if c.Key == key {
			return true
		}
	}
	return false
}
