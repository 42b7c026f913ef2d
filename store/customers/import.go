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

// ErrBadRows says that nothing was imported because some rows were bad.
var ErrBadRows = errors.New("nothing was imported")

// ImportOptions say how to import customers. The zero value is all or nothing, and understands only phones with a country code.
type ImportOptions struct {
	// Region is the ISO 3166 code of the country that phones without a country code belong to.
	Region string
	// SkipBad imports the good rows although there are bad ones.
	SkipBad bool
	// CanKey says whether callers can key an account or a PIN on the line as it is. What they cannot is stored and counted. Nil counts nothing.
	CanKeyAccount, CanKeyPIN func(digits int, onlyDigits bool) bool
	// OnBad hears of every bad row, in the order of the file.
	OnBad func(BadRow)
	// Progress is called every thousand rows and at the end, with the rows and bytes read so far.
	Progress func(rows int, bytes int64)
}

// BadRow is a row that cannot be imported.
type BadRow struct {
	// Line of the file on which the row, or the cell that is wrong, begins; the first is 1.
	Line int
	// Problem says which cell is wrong and what to do. It never shows a secret.
	Problem string
}

func (b BadRow) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Problem) }

// ImportResult counts what became of the rows below the header.
type ImportResult struct {
	// Rows were read, Imported of them stored, and Bad of them not.
	Rows, Imported, Bad int
	// WeakPINs were stored although SetPIN would have refused them.
	WeakPINs int
	// OddAccounts and OddPINs cannot be keyed, by CanKeyAccount and CanKeyPIN.
	OddAccounts, OddPINs int
}

// progressEvery is how many rows pass between two calls of Progress.
const progressEvery = 1000

// Import reads customers from CSV: a header with any of id, name, phones, account, pin, birth_date, passphrase, totp_secret and language, and with columns of the
// company's own, id:<kind> for more identifiers, such as id:tracking, and fact:<kind> for more secrets of digits, such as fact:postcode. The order is free, and only
// id is required; several phones in a cell are separated by ";".
//
// A row makes a customer or, when the id is known, changes one: phones, identifiers and secrets in the row replace those that were there. An empty cell or
// a missing column leaves what is there. An identifier that belongs to another customer is a bad row, and so is an id or identifier that stands in the file
// twice. A number that is new for a customer who was there before is on file from now on (see Phones), those of a new customer from the beginning. A secret is
// stored again even if it is the same, and must be wrapped in argon2id again (see Wrap): leave the column out of a file that brings no new ones.
//
// All rows go in one transaction, so others see all of them or none, and go on reading meanwhile. Without SkipBad a bad row means that nothing
// is imported, and the error is ErrBadRows; all rows are read and reported all the same. Other errors mean that nothing was imported either.
// Memory does not grow with the file.
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

// shrinkLog gives the space back that a large transaction took in the write-ahead log. If others are reading, SQLite does it some other time.
func (d *Directory) shrinkLog(ctx context.Context) {
	if _, err := d.db.Write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		d.log.Warn("the write-ahead log could not be shrunk", "err", err)
	}
}

// importer is one run of Import.
type importer struct {
	options ImportOptions
	hash    *hasher
	// generation marks the customers that this run has written, which is how an id is found that comes twice.
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

// row imports one row. An error is the end of the import; a bad row is not.
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

// tally counts what is stored although callers and guessers will have their way with it.
func (im *importer) tally(c imported) {
	account, pin := c.identifier(KindAccount), c.secret(KindPIN)
	if can := im.options.CanKeyPIN; can != nil && len(pin) > 0 && !can(len(pin), true) {
		im.result.OddPINs++
	}
	if can := im.options.CanKeyAccount; can != nil && account != "" && !can(len(account), strings.Trim(account, "0123456789") == "") {
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
