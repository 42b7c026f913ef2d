package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// write writes the numbers, the pictures and the table of a part.
func (p part) write(docs, name string, points []Point) error {
	folder := filepath.Join(docs, "growth")
	text, err := json.MarshalIndent(points, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	for _, c := range p.charts(points) {
		if err := os.WriteFile(filepath.Join(folder, c.file+".svg"), []byte(c.svg()), 0o644); err != nil {
			return err
		}
	}
	page := filepath.Join(docs, "growth.md")
	now, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	after, err := filled(string(now), name, p.table(points))
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(after), 0o644)
}

// filled puts a table between its marks.
func filled(page, name, table string) (string, error) {
	marks := regexp.MustCompile(`(?s)(<!-- growth:` + regexp.QuoteMeta(name) + ` -->\n).*?(<!-- /growth -->)`)
	if !marks.MatchString(page) {
		return "", fmt.Errorf("the page has no place for %s: <!-- growth:%s --> and <!-- /growth -->", name, name)
	}
	return marks.ReplaceAllStringFunc(page, func(old string) string {
		m := marks.FindStringSubmatch(old)
		return m[1] + table + m[2]
	}), nil
}

func (p part) table(points []Point) string {
	var b strings.Builder
	b.WriteString("| " + p.what)
	for _, pt := range points {
		b.WriteString(" | " + short(pt.Size))
	}
	b.WriteString(" |\n|---" + strings.Repeat("|---", len(points)) + "|\n")
	for _, c := range p.columns {
		b.WriteString("| " + c.name)
		for _, pt := range points {
			cell := "–"
			if v, ok := pt.Values[c.name]; ok {
				cell = strings.TrimSpace(short(v) + " " + c.unit)
			}
			b.WriteString(" | " + cell)
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// picture is a chart and its file's name.
type picture struct {
	chart
	file string
}

func (p part) charts(points []Point) (all []picture) {
	for _, c := range p.columns {
		if c.chart == "" {
			continue
		}
		if len(all) == 0 || all[len(all)-1].file != c.chart {
			all = append(all, picture{file: c.chart, chart: chart{
				title: "How it grows with " + p.what, what: p.what, unit: c.unit, beyond: p.beyond,
			}})
		}
		v := curve{name: c.name}
		for _, pt := range points {
			if y, ok := pt.Values[c.name]; ok {
				v.x, v.y = append(v.x, pt.Size), append(v.y, y)
			}
		}
		if len(v.x) > 0 {
			all[len(all)-1].curves = append(all[len(all)-1].curves, v)
		}
	}
	return all
}
