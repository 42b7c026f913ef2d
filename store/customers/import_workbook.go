package customers

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// maxWorkbook bounds a workbook, which is read into memory, in bytes; maxUnzipped bounds what it unzips to.
const maxWorkbook, maxUnzipped = 256 << 20, 1 << 30

// workbook reads the first sheet of an .xlsx file. Cells are read twice: as they are shown, because a PIN may have its
// leading zeros from a format, and as they are stored, because a long number is shown as 4.9E+12.
type workbook struct {
	shown, stored *excelize.Rows
	row, width    int
	dates         []int
	since1904     bool
	about         []string
}

func newWorkbook(r io.Reader) (source, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxWorkbook+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the workbook: %w", err)
	case len(file) > maxWorkbook:
		return nil, fmt.Errorf("the workbook is larger than %d MB: save it as CSV", maxWorkbook>>20)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{UnzipSizeLimit: maxUnzipped})
	if err != nil {
		return nil, fmt.Errorf("the file is no workbook that can be read, save it as .xlsx or CSV: %w", err)
	}
	w := &workbook{}
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, fmt.Errorf("the workbook has no sheet")
	}
	if len(sheets) > 1 {
		w.about = []string{fmt.Sprintf("the workbook has %d sheets: only the first, %q, was read", len(sheets), sheets[0])}
	}
	if p, err := f.GetWorkbookProps(); err == nil && p.Date1904 != nil {
		w.since1904 = *p.Date1904
	}
	if w.shown, err = f.Rows(sheets[0]); err == nil {
		w.stored, err = f.Rows(sheets[0])
	}
	if err != nil {
		return nil, fmt.Errorf("read the sheet %q: %w", sheets[0], err)
	}
	return w, nil
}

func (w *workbook) next() ([]string, error) {
	if !w.shown.Next() || !w.stored.Next() {
		if err := w.shown.Error(); err != nil {
			return nil, fmt.Errorf("read the workbook: %w", err)
		}
		return nil, io.EOF
	}
	w.row++
	shown, err := w.shown.Columns()
	if err != nil {
		return nil, fmt.Errorf("read row %d of the workbook: %w", w.row, err)
	}
	stored, err := w.stored.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, fmt.Errorf("read row %d of the workbook: %w", w.row, err)
	}
	for i := range shown {
		if i >= len(stored) || shown[i] == stored[i] && !slices.Contains(w.dates, i) {
			continue
		}
		number, err := strconv.ParseFloat(stored[i], 64)
		switch {
		case err != nil:
		case slices.Contains(w.dates, i):
			if day, err := excelize.ExcelDateToTime(number, w.since1904); err == nil {
				shown[i] = day.Format(time.DateOnly)
			}
		case strings.Contains(shown[i], "E+"):
			shown[i] = strconv.FormatFloat(number, 'f', -1, 64)
		}
	}
	for len(shown) > 0 && len(shown) < w.width { // empty cells at the end of a row are not in the file
		shown = append(shown, "")
	}
	return shown, nil
}

func (w *workbook) line(int) int                  { return w.row }
func (w *workbook) header(width int, dates []int) { w.width, w.dates = width, dates }
func (w *workbook) notes() []string               { return w.about }
