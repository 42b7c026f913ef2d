package render

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"countersign/reports"
)

const (
	// aboutSheet is the name of the second sheet; the first has that of the report.
	aboutSheet = "About"
	// xlsxRows is how many rows a sheet holds, with the header.
	xlsxRows = 1_048_576
	dayStyle = reports.Kind("day")
)

// workbook is an XLSX file in the making.
type workbook struct {
	file   *excelize.File
	r      *reports.Report
	sheet  string
	styles map[reports.Kind]int
	header int
	legend *reports.Legend
	notes  []string
	// chartFrom and chartTo are the first and last row in the chart.
	chartFrom, chartTo int
}

// printXLSX writes the rows to a first sheet with filters, and everything else to a second. Many rows go through a
// temporary file.
func printXLSX(w io.Writer, r *reports.Report) (err error) {
	b := workbook{
		file: excelize.NewFile(), r: r, sheet: strings.ToUpper(r.Name[:1]) + r.Name[1:], legend: r.NewLegend(nil),
	}
	defer func() { err = errors.Join(err, b.file.Close()) }()
	if err := b.file.SetSheetName("Sheet1", b.sheet); err != nil {
		return err
	}
	if err := b.makeStyles(); err != nil {
		return err
	}
	if err := b.writeRows(); err != nil {
		return err
	}
	if err := b.about(); err != nil {
		return err
	}
	if err := b.chart(); err != nil {
		return err
	}
	props := &excelize.DocProperties{
		Title: r.Title, Creator: "Countersign", Created: r.Made.UTC().Format(time.RFC3339),
		Modified: r.Made.UTC().Format(time.RFC3339),
	}
	if err := b.file.SetDocProps(props); err != nil {
		return err
	}
	return b.file.Write(w)
}

func (b *workbook) makeStyles() (err error) {
	b.styles = map[reports.Kind]int{}
	for k, format := range map[reports.Kind]string{
		reports.Text: "@", reports.Count: "0", reports.Percent: "0.0%", reports.Seconds: "0.0",
		reports.Time: "yyyy-mm-dd hh:mm:ss", dayStyle: "yyyy-mm-dd", reports.Figure: "General",
	} {
		style := excelize.Style{CustomNumFmt: &format}
		if k == dayStyle || k == reports.Time {
			style.Alignment = &excelize.Alignment{Horizontal: "left"}
		}
		if b.styles[k], err = b.file.NewStyle(&style); err != nil {
			return err
		}
	}
	b.header, err = b.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	return err
}

func (b *workbook) writeRows() error {
	out, err := b.file.NewStreamWriter(b.sheet)
	if err != nil {
		return err
	}
	if err := out.SetPanes(&excelize.Panes{
		Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft",
	}); err != nil {
		return err
	}
	header := make([]any, len(b.r.Columns))
	for i, c := range b.r.Columns {
		wide := 12.0
		if c.Kind == reports.Text || c.Kind == reports.Time {
			wide = 20
		}
		if err := out.SetColWidth(i+1, i+1, wide); err != nil {
			return err
		}
		header[i] = excelize.Cell{StyleID: b.header, Value: c.Title}
	}
	if err := out.SetRow("A1", header); err != nil {
		return err
	}
	cells, at := make([]any, len(b.r.Columns)), 1
	for row, err := range b.r.Rows {
		if err != nil {
			return err
		}
		if at++; at > xlsxRows {
			return fmt.Errorf("an XLSX sheet holds %d rows, this report has %d: write it as CSV, or for a shorter time",
				xlsxRows-1, b.r.Of)
		}
		b.legend.See(row)
		for i := range row {
			cells[i] = b.cell(b.r.Columns[i].Kind, b.r.Word(row, i))
		}
		if err := out.SetRow(fmt.Sprintf("A%d", at), cells); err != nil {
			return err
		}
		if c := b.r.Chart; c != nil && (c.By == "" || row[0] == c.By) {
			if b.chartFrom == 0 {
				b.chartFrom = at
			}
			b.chartTo = at
		}
	}
	corner, err := excelize.CoordinatesToCellName(len(b.r.Columns), at)
	if err != nil {
		return err
	}
	if err := out.AddTable(&excelize.Table{
		Range: "A1:" + corner, Name: b.sheet + "_rows", StyleName: "TableStyleLight1",
	}); err != nil {
		return err
	}
	return out.Flush()
}

// cell keeps numbers numbers and dates dates. Text stays text, however it begins.
func (b *workbook) cell(k reports.Kind, v any) excelize.Cell {
	switch x := v.(type) {
	case reports.Day:
		return excelize.Cell{StyleID: b.styles[dayStyle], Value: x.Utc()}
	case time.Time:
		return excelize.Cell{StyleID: b.styles[reports.Time], Value: x.Truncate(time.Second)}
	case float64:
		if k == reports.Percent {
			v = x / 100
		}
	}
	return excelize.Cell{StyleID: b.styles[k], Value: v}
}

// about describes the rows, and gives the numbers that matter most.
func (b *workbook) about() error {
	if _, err := b.file.NewSheet(aboutSheet); err != nil {
		return err
	}
	say := b.r.Language.Text
	lines := [][]excelize.Cell{
		{{StyleID: b.header, Value: b.r.Title}},
		{{Value: say("Period")}, {Value: b.r.Period.Say(b.r.Language)}},
		{{Value: say("Time zone")}, {Value: b.r.Period.Zone()}},
		{{Value: say("Of")}, {Value: scope(b.r)}},
		{{Value: say("Made")}, b.cell(reports.Time, b.r.Made)}, nil,
	}
	for _, n := range b.r.Numbers {
		lines = append(lines, []excelize.Cell{{Value: n.Title}, b.cell(n.Kind, n.Value), b.cell(reports.Percent, n.Share)})
	}
	lines = append(lines, nil)
	b.notes = append(slices.Clone(b.r.Notes), b.legend.Notes()...)
	for _, note := range b.notes {
		lines = append(lines, []excelize.Cell{{Value: note}})
	}
	for row, cells := range lines {
		for column, c := range cells {
			name, err := excelize.CoordinatesToCellName(column+1, row+1)
			if err != nil {
				return err
			}
			if err := errors.Join(b.file.SetCellValue(aboutSheet, name, c.Value),
				b.file.SetCellStyle(aboutSheet, name, name, c.StyleID)); err != nil {
				return err
			}
		}
	}
	return b.file.SetColWidth(aboutSheet, "A", "B", 22)
}

func (b *workbook) chart() error {
	c := b.r.Chart
	if c == nil || b.chartFrom == 0 {
		return nil
	}
	span := func(from, to int) string {
		first, _ := excelize.ColumnNumberToName(from + 1)
		last, _ := excelize.ColumnNumberToName(to + 1)
		return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", b.sheet, first, b.chartFrom, last, b.chartTo)
	}
	chart := excelize.Chart{
		Type: excelize.Col, Title: []excelize.RichTextRun{{Text: c.Title}}, Legend: excelize.ChartLegend{Position: "bottom"},
		Dimension: excelize.ChartDimension{Width: 960, Height: 400},
	}
	columns := c.Parts
	if c.Of >= 0 {
		columns = append([]int{c.Of}, columns...)
	}
	for _, i := range columns {
		name, _ := excelize.ColumnNumberToName(i + 1)
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: fmt.Sprintf("'%s'!$%s$1", b.sheet, name), Categories: span(c.Labels[0], c.Labels[len(c.Labels)-1]),
			Values: span(i, i),
		})
	}
	return b.file.AddChart(aboutSheet, fmt.Sprintf("A%d", 10+len(b.r.Numbers)+len(b.notes)), &chart)
}
