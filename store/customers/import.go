package customers

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"countersign/session"
)

// ErrBadRows means that nothing was imported because some rows were bad.
var ErrBadRows = errors.New("nothing was imported")

// ImportOptions are the options of Import. The zero value imports all rows or none, and accepts only phones with a
// country code.
type ImportOptions struct {
	// Region is the country (ISO 3166) of phones without a country code.
	Region string
	// LostPlus says that phones that begin with neither "+" nor 0 have a country code: a spreadsheet took them for
	// numbers.
	LostPlus bool
	// Placeholders are phones that stand for none, beside those that everybody knows. No customer can have them.
	Placeholders session.Placeholders
	// Columns has our names for columns of the file with other names, or LeaveOut.
	Columns map[string]string
	// ClearEmpty makes an empty cell remove what is on file. Otherwise it changes nothing.
	ClearEmpty bool
	// SkipBad imports the good rows even if there are bad ones.
	SkipBad bool
	// CanKeyAccount and CanKeyPIN report whether callers can key such an account or PIN on the line in force. Those
	// that they cannot are stored and counted. Nil counts nothing.
	CanKeyAccount, CanKeyPIN func(digits int, onlyDigits bool) bool
	// Checks are the checks of identifiers by kind, which must have a column. A row with an identifier that is not right
	// is bad.
	Checks map[string]func(identifier string) bool
	// OnBad is called for every bad row, in the order of the file.
	OnBad func(BadRow)
	// Progress is called every thousand rows and at the end with the rows and bytes read so far.
	Progress func(rows int, bytes int64)

	// few replaces fewImported in tests.
	few int
}

// BadRow is a row that cannot be imported.
type BadRow struct {
	// Line is the line of the file, from 1, on which the row or its bad cell begins.
	Line int
	// Column is the name of the bad cell's column, or empty if the row as a whole is bad.
	Column string
	// Problem says which cell is bad and what to do. It never shows a secret.
	Problem string
}

func (b BadRow) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Problem) }

// ImportResult counts the rows below the header. Rows with nothing in them do not count.
type ImportResult struct {
	// Rows were read; Imported of them were stored, Bad were not.
	Rows, Imported, Bad int
	// Of the Imported, Added are new customers; Changed were on file with other data, or have a secret that is stored
	// again because argon2id does not tell whether it is the same; Unchanged were on file like that.
	Added, Changed, Unchanged int
	// Notes say what was guessed about the file.
	Notes []string
	// OddPhones were stored, though they are not in their country's numbering plan. OddPhone is the first of them.
	OddPhones int
	OddPhone  string
	// SharedPhones are how many phones of the file belong to several customers, and the first of them.
	SharedPhones int
	Shared       []SharedPhone
	// SharedKeys are the keys that are those of several customers' identifiers.
	SharedKeys SharedKeys
	// WeakPINs were stored, though SetPIN would have refused them.
	WeakPINs int
	// OddAccounts and OddPINs were stored, though CanKeyAccount or CanKeyPIN says that callers cannot key them.
	OddAccounts, OddPINs int
}

// SharedPhone is a number of several customers: it identifies none of them.
type SharedPhone struct {
	E164      string
	Customers []string
}

// SharedKeys counts the keys that callers press for the identifiers with letters of several customers: these are asked
// for another identifier. Kind and Keys are the first of them.
type SharedKeys struct {
	Count      int
	Kind, Keys string
}

// progressEvery is how many rows are between two calls of Progress.
const progressEvery = 1000

// Import reads customers from a file (docs/customers.md#the-file): CSV, in UTF-8, UTF-16 or Windows-1252 and with any
// usual separator, or the first sheet of an .xlsx workbook. Its header has any of id, name, phones, account, pin,
// birth_date, passphrase, totp_secret, language and emails, plus columns of the company's own: id:<kind> for more
// identifiers, such as id:tracking, and fact:<kind> for more secrets of digits, such as fact:postcode. Their order is
// free, and only id is required. Several phones or e-mail addresses in a cell are separated by ";", "|" or a line
// break.
//
// A row creates a customer or, if the id is known, changes one: its phones, e-mail addresses, identifiers and secrets
// replace the old ones. An empty cell changes nothing unless ClearEmpty is set, and a missing column never does. An
// identifier of another customer makes a row bad, as does an id or identifier that comes twice in the file. A number or
// address added to a known customer is on file from now on (see Phones), those of a new customer since ever. A secret
// that is wrapped in argon2id is stored again, even an unchanged one, and must be wrapped again (see Wrap): leave its
// column out of files without new secrets.
//
// All rows go in one transaction: others see all of them or none, and can read meanwhile. Without SkipBad a bad row
// means that nothing is imported; all rows are still read and reported, and the error is ErrBadRows. Any other error
// also means that nothing was imported. Memory does not grow with the file.
func (d *Directory) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportResult, error) {
	if o.Region != "" && !session.IsRegion(strings.ToUpper(o.Region)) {
		return ImportResult{}, fmt.Errorf("the region %q is not an ISO 3166 code of two letters, such as DE or US", o.Region)
	}
	o.few = cmp.Or(o.few, fewImported)
	im := importer{
		options: o, hash: d.hash, pepper: d.hash.ring.Load().current, generation: time.Now().UnixNano(), now: d.now(),
	}
	if err := im.open(r); err != nil {
		return ImportResult{}, err
	}
	stop := ctx.Err
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		im.tx = tx
		if err := im.run(ctx, stop); err != nil {
			return err
		}
		if err := errors.Join(im.findShared(ctx), im.sharedKeys(ctx)); err != nil {
			return err
		}
		if im.result.Bad > 0 && !o.SkipBad {
			return fmt.Errorf("%w: %d of %d rows are bad", ErrBadRows, im.result.Bad, im.result.Rows)
		}
		return nil
	})
	if err != nil {
		im.result.Imported, im.result.Added, im.result.Changed, im.result.Unchanged = 0, 0, 0, 0
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
	pepper  *pepperKey // in use when it began
	// generation marks the customers written in this run, so that a second row with the same id is detected.
	generation int64
	now        time.Time
	file       *counted
	source     source
	columns    columns
	tx         *sql.Tx
	result     ImportResult
	// few are the ids of the customers that were written, as long as they are few.
	few []string
}

// fewImported is how many customers can be written so that those who share something with them are looked up one by one.
// After more of them all customers are looked through.
const fewImported = 10_000

// wrote notes a customer that was written.
func (im *importer) wrote(id string) {
	if len(im.few) <= im.options.few {
		im.few = append(im.few, id)
	}
}

// fewIDs are the customers that were written as a JSON array, null if they are not few.
func (im *importer) fewIDs() (array any, err error) {
	if len(im.few) > im.options.few {
		return nil, nil
	}
	text, err := json.Marshal(im.few)
	return string(text), err
}

// counted counts the bytes that were read.
type counted struct {
	io.Reader
	bytes int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += int64(n)
	return n, err
}

// open reads the header, the first row with anything in it.
func (im *importer) open(r io.Reader) (err error) {
	im.file = &counted{Reader: r}
	if im.source, err = newSource(im.file); err != nil {
		return err
	}
	for {
		header, err := im.source.next()
		if errors.Is(err, io.EOF) {
			return errors.New("the file is empty: its first line must name the columns, such as id,name,phones,account,pin")
		}
		if err != nil {
			return fmt.Errorf("read the header: %w", err)
		}
		if strings.TrimSpace(strings.Join(header, "")) == "" {
			continue
		}
		mapped := map[string]string{}
		for theirs, ours := range im.options.Columns {
			mapped[columnName(theirs)] = ours
		}
		if im.columns, err = parseHeader(header, im.source.line(0), mapped); err != nil {
			return err
		}
		var dates []int
		if at, ok := im.columns.at[KindBirthDate]; ok {
			dates = append(dates, at)
		}
		im.source.header(im.columns.width, dates)
		for kind := range im.options.Checks {
			if im.columns.of(kind) == "" {
				return fmt.Errorf("line %d: there is no column %s whose check digits could be checked", im.source.line(0),
					columnOf(kind))
			}
		}
		return nil
	}
}

// run imports row after row until the end of the file, or until stop returns an error.
func (im *importer) run(ctx context.Context, stop func() error) error {
	for {
		record, err := im.source.next()
		if errors.Is(err, io.EOF) {
			im.result.Notes = im.source.notes()
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
		line, err = syntax.StartLine, syntaxError(syntax)
	case readErr != nil:
		return fmt.Errorf("read the file: %w", readErr)
	default:
		line = im.source.line(0)
		fitted, blank, wrong := im.columns.fit(record)
		if blank {
			return nil
		}
		if err = wrong; err == nil {
			err = im.store(ctx, fitted)
		}
	}
	var bad *badCell
	switch {
	case errors.As(err, &bad):
		b := BadRow{Line: line, Problem: bad.problem}
		if bad.column >= 0 {
			b.Line, b.Column = im.source.line(bad.column), im.columns.name(bad.column)
		}
		im.result.Rows++
		im.result.Bad++
		if im.options.OnBad != nil {
			im.options.OnBad(b)
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
	c, err := im.columns.parse(record, im.options, im.now)
	defer c.wipe()
	if err != nil {
		return err
	}
	was, err := im.write(ctx, c)
	if err != nil {
		return err
	}
	switch was {
	case wasAdded:
		im.result.Added++
	case wasChanged:
		im.result.Changed++
	default:
		im.result.Unchanged++
	}
	im.wrote(c.id)
	im.tally(c)
	return nil
}

// tally counts PINs and accounts that are stored although they are weak or cannot be keyed.
func (im *importer) tally(c imported) {
	if c.oddPhone != "" {
		if im.result.OddPhones++; im.result.OddPhones == 1 {
			im.result.OddPhone = fmt.Sprintf("%s (line %d)", c.oddPhone, im.source.line(0))
		}
	}
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
		im.options.Progress(im.result.Rows, im.file.bytes)
	}
}

// maxShared bounds the shared phones that are named.
const maxShared = 5

// sharedPhones is the query for phones of several customers, one of whom is of the generation ?1; of few, ?2 has the ids.
func sharedPhones(few bool) string {
	among := ""
	if few {
		among = "WHERE p.e164 IN (SELECT e164 FROM phones WHERE customer IN (SELECT value FROM json_each(?2)))"
	}
	return `SELECT p.e164, group_concat(p.customer, ' ') FROM phones p JOIN customers c ON c.id = p.customer ` + among +
		` GROUP BY p.e164 HAVING count(*) > 1 AND max(c.imported = ?1)`
}

// findShared finds the phones of the imported customers that others have, too.
func (im *importer) findShared(ctx context.Context) error {
	if _, ok := im.columns.at["phones"]; !ok {
		return nil
	}
	few, err := im.fewIDs()
	if err != nil {
		return err
	}
	rows, err := im.tx.QueryContext(ctx, sharedPhones(few != nil), im.generation, few)
	if err != nil {
		return fmt.Errorf("look for shared phones: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e164, owners string
		if err := rows.Scan(&e164, &owners); err != nil {
			return fmt.Errorf("look for shared phones: %w", err)
		}
		if im.result.SharedPhones++; im.result.SharedPhones <= maxShared {
			im.result.Shared = append(im.result.Shared, SharedPhone{E164: e164, Customers: strings.Fields(owners)})
		}
	}
	return rows.Err()
}
