package customers

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// source reads a file row by row, whatever it is: text with separated columns or a workbook.
type source interface {
	// next returns the next row, io.EOF, or a *csv.ParseError for a bad row. The row is valid until the next call.
	next() ([]string, error)
	// line is the line of the file, from 1, on which a cell of the last row begins.
	line(column int) int
	// header says how many columns the header has, and which of them hold days.
	header(width int, dates []int)
	// notes say what was guessed, for a person.
	notes() []string
}

// peeked is how much of a file is looked at to see what it is.
const peeked = 64 * 1024

// newSource finds out what a file is.
func newSource(r io.Reader) (source, error) {
	buffered := bufio.NewReaderSize(r, peeked)
	head, _ := buffered.Peek(8)
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return newWorkbook(buffered)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return nil, errors.New("the file is a workbook of an old Excel (.xls): save it as .xlsx or CSV")
	}
	t := &textSource{first: 1}
	text := bufio.NewReaderSize(t.decoded(buffered), peeked)
	if head, _ := text.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		_, _ = text.Discard(3)
	}
	separator, err := t.separator(text)
	if err != nil {
		return nil, err
	}
	t.csv = csv.NewReader(text)
	t.csv.ReuseRecord, t.csv.FieldsPerRecord, t.csv.Comma = true, -1, separator
	return t, nil
}

// textSource reads text with separated columns, in UTF-8, UTF-16 or Windows-1252.
type textSource struct {
	csv   *csv.Reader
	first int // the line on which csv begins
	utf16 string
	// What the text turned out to be at its first letter beyond ASCII: UTF-8, or Windows-1252 from a line on.
	isUTF8   bool
	line1252 int
}

// decoded turns UTF-16 into UTF-8. Without a byte order mark it shows by its zeros.
func (t *textSource) decoded(r *bufio.Reader) io.Reader {
	head, _ := r.Peek(8)
	guess := func(odd int) bool {
		if len(head) < 8 {
			return false
		}
		for i, b := range head {
			if (b == 0) != (i%2 == odd) {
				return false
			}
		}
		return true
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(r)
	case guess(1):
		t.utf16 = "UTF-16, little-endian"
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	case guess(0):
		t.utf16 = "UTF-16, big-endian"
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	}
	return r
}

// separator finds what separates the columns: what a first line sep= says, or what the header has most of.
func (t *textSource) separator(r *bufio.Reader) (rune, error) {
	head, err := r.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return 0, fmt.Errorf("read the header: %w", err)
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	first := strings.TrimRight(string(line), "\r")
	if len(first) == len("sep=,") && strings.EqualFold(first[:4], "sep=") && strings.Contains(separators, first[4:]) {
		t.first = 2
		_, err := r.Discard(min(len(line)+1, len(head)))
		return rune(first[4]), err
	}
	best, most, quoted := ',', 0, false
	counts := map[rune]int{}
	for _, c := range first {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	for _, c := range separators {
		if counts[c] > most {
			best, most = c, counts[c]
		}
	}
	return best, nil
}

const separators = ",;\t|"

func (t *textSource) next() ([]string, error) {
	record, err := t.csv.Read()
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		syntax.StartLine += t.first - 1
	}
	for i, cell := range record {
		decoded, ok, mixed := t.text(cell, i)
		if mixed != nil {
			return nil, mixed
		}
		if ok {
			record[i] = decoded
		}
	}
	return record, err
}

// text decodes a cell of Windows-1252. A text in which the first letter beyond ASCII is not UTF-8 is Windows-1252, the
// usual encoding of spreadsheets in Europe and America. If letters of UTF-8 follow, or are beside it, it is neither: a
// program has cut a name within a letter, or joined two files. That is an error, because either reading falsifies
// names and passphrases.
func (t *textSource) text(cell string, column int) (decoded string, ok bool, err error) {
	if isASCII(cell) || t.isUTF8 {
		return "", false, nil
	}
	if t.line1252 == 0 && utf8.ValidString(cell) {
		t.isUTF8 = true
		return "", false, nil
	}
	if hasUTF8(cell) {
		return "", false, t.mixedError(t.line(column))
	}
	decoded, err = charmap.Windows1252.NewDecoder().String(cell)
	if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
		return "", false, nil
	}
	if t.line1252 == 0 {
		t.line1252 = t.line(column)
	}
	return decoded, true, nil
}

func (t *textSource) mixedError(line int) error {
	if other := t.line1252; other != 0 && other != line {
		return fmt.Errorf("the file mixes UTF-8 (line %d) and something else (line %d): correct line %d, "+
			"or save all of the file as UTF-8", line, other, other)
	}
	return fmt.Errorf("the file mixes UTF-8 and something else, both in line %d: correct it, "+
		"or save all of the file as UTF-8", line)
}

// hasUTF8 says whether there is a letter beyond ASCII that is UTF-8.
func hasUTF8(cell string) bool {
	for len(cell) > 0 {
		_, n := utf8.DecodeRuneInString(cell)
		if n > 1 {
			return true
		}
		cell = cell[n:]
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (t *textSource) line(column int) int {
	line, _ := t.csv.FieldPos(column)
	return line + t.first - 1
}

func (t *textSource) header(int, []int) {}

func (t *textSource) notes() (all []string) {
	if t.utf16 != "" {
		all = append(all, "the file looks like "+t.utf16+", and was read so")
	}
	if t.line1252 != 0 {
		all = append(all, "the file is not UTF-8, and was read as Windows-1252: check the names, "+
			"or save it as UTF-8")
	}
	return all
}
