package customers

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ErrBadRows means that nothing was imported because some rows were bad.
var ErrBadRows = errors.New("nothing was imported")

// ImportOptions are the options of Import. The zero value imports all rows or none, and accepts only phones with a
// country code.
type ImportOptions struct {
	// Region is the country (ISO 3166) of phones without a country code.
	Region string
	// SkipBad imports the good rows even if there are bad ones.
	SkipBad bool
	// CanKeyAccount and CanKeyPIN report whether callers can key such an account or PIN on the line in force. Those
	// that they cannot are stored and counted. Nil counts nothing.
	CanKeyAccount, CanKeyPIN func(digits int, onlyDigits bool) bool
	// OnBad is called for every bad row, in the order of the file.
	OnBad func(BadRow)
	// Progress is called every thousand rows and at the end with the rows and bytes read so far.
	Progress func(rows int, bytes int64)
}

// BadRow is a row that cannot be imported.
type BadRow struct {
	// Line is the line of the file, from 1, on which the row or its bad cell begins.
	Line int
	// Problem says which cell is bad and what to do. It never shows a secret.
	Problem string
}

func (b BadRow) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Problem) }

// ImportResult counts the rows below the header.
type ImportResult struct {
	// Rows were read; Imported of them were stored, Bad were not.
	Rows, Imported, Bad int
	// WeakPINs were stored, though SetPIN would have refused them.
	WeakPINs int
	// OddAccounts and OddPINs were stored, though CanKeyAccount or CanKeyPIN says that callers cannot key them.
	OddAccounts, OddPINs int
}

// progressEvery is how many rows are between two calls of Progress.
const progressEvery = 1000

// Import reads customers from CSV (docs/customers.md#the-file): a header with any of id, name, phones, account, pin,
// birth_date, passphrase, totp_secret and language, plus columns of the company's own: id:<kind> for more
// identifiers, such as id:tracking, and fact:<kind> for more secrets of digits, such as fact:postcode. Their order is
// free, and only id is required. Several phones in a cell are separated by ";".
//
// A row creates a customer or, if the id is known, changes one: its phones, identifiers and secrets replace the old
// ones. An empty cell or a missing column changes nothing. An identifier of another customer makes a row bad, as does
// an id or identifier that comes twice in the file. A number added to a known customer is on file from now on (see
// Phones), the numbers of a new customer since ever. Every secret in the file is stored again, even an unchanged one,
// and must be wrapped in argon2id again (see Wrap): leave its column out of files without new secrets.
//
// All rows go in one transaction: others see all of them or none, and can read meanwhile. Without SkipBad a bad row
// means that nothing is imported; all rows are still read and reported, and the error is ErrBadRows. Any other error
// also means that nothing was imported. Memory does not grow with the file.
func (d *Directory) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportResult, error) {
	im := importer{options: o, hash: d.hash, generation: time.Now().UnixNano(), now: d.now()}
	if err := im.open(r); err != nil {
		return ImportResult{}, err
	}
	stop := ctx.Err
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		im.tx = tx
		if err := im.run(ctx, stop); err != nil {
			return err
		}
		if im.result.Bad > 0 && !o.SkipBad {
			return fmt.Errorf("%w: %d of %d rows are bad", ErrBadRows, im.result.Bad, im.result.Rows)
		}
		return nil
	})
	if err != nil {
		im.result.Imported = 0
		return im.result, err
	}
	d.shrinkLog(ctx)
	return im.result, nil
}

// shrinkLog frees the space that a large transaction took in the write-ahead log. If others are reading, SQLite does
// it later.
func (d *Directory) shrinkLog(ctx context.Context) {
	if _, err := d.db.Write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		d.log.Warn("write-ahead log cannot be shrunk", "err", err)
	}
}

// importer is one run of Import.
type importer struct {
	options ImportOptions
	hash    *hasher
	// generation marks the customers written in this run, so that a second row with the same id is detected.
	generation int64
	now        time.Time
	csv        *csv.Reader
	columns    columns
	bom        int64
	tx         *sql.Tx
	result     ImportResult
}

// open reads the header.
func (im *importer) open(r io.Reader) error {
	buffered := bufio.NewReaderSize(r, 64*1024)
	if head, _ := buffered.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		n, _ := buffered.Discard(3)
		im.bom = int64(n)
	}
	im.csv = csv.NewReader(buffered)
	im.csv.ReuseRecord = true
	header, err := im.csv.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: its first line must name the columns, such as id,name,phones,account,pin")
	}
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	im.columns, err = parseHeader(header)
	return err
}

// run imports row after row until the end of the file, or until stop returns an error.
func (im *importer) run(ctx context.Context, stop func() error) error {
	for {
		record, err := im.csv.Read()
		if errors.Is(err, io.EOF) {
			im.progress()
			return nil
		}
		if stop := stop(); stop != nil {
			return stop
		}
		if err := im.row(ctx, record, err); err != nil {
			return err
		}
		if im.result.Rows%progressEvery == 0 {
			im.progress()
		}
	}
}

// row imports one row. An error ends the import; a bad row does not.
func (im *importer) row(ctx context.Context, record []string, readErr error) error {
	line, err := 0, readErr
	var syntax *csv.ParseError
	switch {
	case errors.As(readErr, &syntax):
		line, err = syntax.StartLine, im.columns.syntaxError(syntax, len(record))
	case readErr != nil:
		return fmt.Errorf("read the file: %w", readErr)
	default:
		line, _ = im.csv.FieldPos(0)
		err = im.store(ctx, record)
	}
	var bad *badCell
	switch {
	case errors.As(err, &bad):
		if bad.column >= 0 {
			line, _ = im.csv.FieldPos(bad.column)
		}
		im.result.Rows++
		im.result.Bad++
		if im.options.OnBad != nil {
			im.options.OnBad(BadRow{Line: line, Problem: bad.problem})
		}
	case err != nil:
		return fmt.Errorf("line %d: %w", line, err)
	default:
		im.result.Rows++
		im.result.Imported++
	}
	return nil
}

func (im *importer) store(ctx context.Context, record []string) error {
	c, err := im.columns.parse(record, im.options.Region, im.now)
	defer c.wipe()
	if err != nil {
		return err
	}
	if err := im.write(ctx, c); err != nil {
		return err
	}
	im.tally(c)
	return nil
}

// tally counts PINs and accounts that are stored although they are weak or cannot be keyed.
func (im *importer) tally(c imported) {
	account, pin := c.identifier(KindAccount), c.secret(KindPIN)
	if can := im.options.CanKeyPIN; can != nil && len(pin) > 0 && !can(len(pin), true) {
		im.result.OddPINs++
	}
	onlyDigits := strings.Trim(account, "0123456789") == ""
	if can := im.options.CanKeyAccount; can != nil && account != "" && !can(len(account), onlyDigits) {
		im.result.OddAccounts++
	}
	if len(pin) == 0 {
		return
	}
	identifiers := []string{c.id}
	for _, i := range c.identifiers {
		identifiers = append(identifiers, i.Value)
	}
	if weakness(pin, identifiers, c.phones, c.secret(KindBirthDate)) != "" {
		im.result.WeakPINs++
	}
}

func (im *importer) progress() {
	if im.options.Progress != nil {
		im.options.Progress(im.result.Rows, im.csv.InputOffset()+im.bom)
	}
}
