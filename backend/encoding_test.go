package backend_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"countersign/backend"
	"countersign/backend/sms"
)

// everything answers every operation with yes. The name has letters of Latin-1.
const everything = `{"customers": [{"id": "C-1", "name": "Zoë Müller", "secrets": ["pin"]}], "valid": true,
	"phones": [{"number": "+4930123456", "since": "2020-02-03"}]}`

func packed(t *testing.T, with func(io.Writer) io.WriteCloser, text string) string {
	var b bytes.Buffer
	w := with(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func gzipped(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
func zlibbed(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }
func deflated(w io.Writer) io.WriteCloser {
	f, _ := flate.NewWriter(w, flate.BestSpeed)
	return f
}

func encoded(t *testing.T, in encoding.Encoding, text string) string {
	s, err := in.NewEncoder().String(text)
	require.NoError(t, err)
	return s
}

func json(charset string) map[string]string {
	return map[string]string{"Content-Type": "application/json; charset=" + charset}
}

func listed(s *backend.Settings, _ *sms.Settings) { s.ByID.Customers = "customers" }

func TestAnswersInOtherEncodings(t *testing.T) {
	t.Parallel()
	little := func(mark unicode.BOMPolicy) string {
		return encoded(t, unicode.UTF16(unicode.LittleEndian, mark), everything)
	}
	big := func(mark unicode.BOMPolicy) string {
		return encoded(t, unicode.UTF16(unicode.BigEndian, mark), everything)
	}
	content := func(of, coding string) map[string]string {
		return map[string]string{"Content-Type": of, "Content-Encoding": coding}
	}
	plain := func(of string) map[string]string { return map[string]string{"Content-Type": of} }
	ascii := strings.NewReplacer("ë", "e", "ü", "u").Replace(everything)
	for name, c := range map[string]struct {
		headers map[string]string
		body    string
	}{
		"gzip":                   {content("application/json", "gzip"), packed(t, gzipped, everything)},
		"x-gzip":                 {content("application/json", "X-GZIP"), packed(t, gzipped, everything)},
		"gzip without a word":    {plain("application/json"), packed(t, gzipped, everything)},
		"deflate":                {content("application/json", "deflate"), packed(t, zlibbed, everything)},
		"deflate without header": {content("application/json", "deflate"), packed(t, deflated, everything)},
		"identity":               {content("application/json", "identity"), everything},
		"gzip of Latin-1": {content("application/json; charset=iso-8859-1", "gzip"),
			packed(t, gzipped, encoded(t, charmap.ISO8859_1, everything))},
		"a byte order mark": {plain("application/json"), "\ufeff" + everything},
		"ISO-8859-1":        {json("ISO-8859-1"), encoded(t, charmap.ISO8859_1, everything)},
		"ISO-8859-15": {plain(`text/json; charset="iso-8859-15"`),
			encoded(t, charmap.ISO8859_15, everything)},
		"windows-1252":                   {json("windows-1252"), encoded(t, charmap.Windows1252, everything)},
		"Latin-1 without a word":         {plain("application/json"), encoded(t, charmap.ISO8859_1, everything)},
		"UTF-16 with a mark":             {plain("application/json"), little(unicode.UseBOM)},
		"UTF-16BE with a mark":           {plain("application/json"), big(unicode.UseBOM)},
		"UTF-16LE":                       {json("utf-16le"), little(unicode.IgnoreBOM)},
		"UTF-16, big endian, not named":  {json("utf-16"), big(unicode.IgnoreBOM)},
		"JSON called text":               {plain("text/plain; charset=UTF-8"), everything},
		"JSON called HTML":               {plain("text/html"), "\n" + everything + "\n"},
		"no type at all":                 {map[string]string{"Content-Type": ""}, everything},
		"a charset that is not needed":   {json("x-unknown"), ascii},
		"in front of it a guard":         {plain("application/json"), ")]}',\n" + everything},
		"in front of it an endless loop": {plain("application/json"), "for(;;);" + everything},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, reply{headers: c.headers, body: c.body}, listed)
			for _, operation := range operations {
				assert.Equal(t, yes, s.ask(t, operation), operation)
			}
			found, _, err := s.ByID(deadline(t), "C-1")
			require.NoError(t, err)
			assert.Contains(t, []string{"Zoë Müller", "Zoe Muller"}, found.Name)
		})
	}
}

func TestAnswersThatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	whole := packed(t, gzipped, everything)
	bomb := packed(t, gzipped, `{"customers": [], "valid": true, "x": "`+strings.Repeat("0", 50<<20)+`"}`)
	require.Less(t, len(bomb), 60<<10)
	for name, c := range map[string]struct{ coding, of, body, says string }{
		"brotli":             {"br", "", "\x0b\x02\x80{}\x03", "we read gzip and deflate"},
		"twice":              {"gzip, gzip", "", packed(t, gzipped, whole), "we read gzip and deflate"},
		"no gzip":            {"gzip", "", everything, "cannot be unpacked"},
		"half a gzip":        {"gzip", "", whole[:len(whole)/2], "cannot be unpacked"},
		"a wrong checksum":   {"gzip", "", whole[:len(whole)-8] + "12345678", "cannot be unpacked"},
		"more behind gzip":   {"gzip", "", whole + "more", "cannot be unpacked"},
		"a bomb":             {"gzip", "", bomb, "more than 65536 bytes"},
		"a bomb, not named":  {"", "", bomb, "more than 65536 bytes"},
		"a bomb, deflated":   {"deflate", "", packed(t, zlibbed, strings.Repeat(" ", 1<<20)), "more than 65536 bytes"},
		"an unknown charset": {"", "application/json; charset=x-unknown", everything, "character set"},
		"Shift JIS, not named": {"", "application/json", `{"customers": "` +
			encoded(t, japanese.ShiftJIS, "表") + `"}`, "not JSON"},
		"UTF-32": {"", "application/json", "\x00\x00\x00{\x00\x00\x00}", "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, reply{headers: map[string]string{"Content-Encoding": c.coding, "Content-Type": c.of},
				body: c.body}, listed)
			for _, operation := range operations[:5] { // a receipt without a path may be any text
				assert.Equal(t, outage, s.ask(t, operation), operation)
			}
			_, err := s.ByPhone(deadline(t), "+4930123456")
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestAnAnswerThatIsCutOffIsNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]string{
		"chunks":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n",
		"a chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1%x\r\n%s",
		"a length":         "HTTP/1.1 200 OK\r\nContent-Length: 1%d\r\n\r\n%s",
		"a 404":            "HTTP/1.1 404 Not Found\r\nContent-Length: 1%d\r\n\r\n%s",
		"a length of HTML": "HTTP/1.1 422 No\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s",
		"a header":         "HTTP/1.1 200 OK\r\nX: %x%s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					_, _ = fmt.Fprintf(conn, c, len(everything), everything)
					_ = conn.Close()
				}
			}), listed)
			for _, operation := range operations {
				assert.Equal(t, outage, s.ask(t, operation), operation)
			}
		})
	}
}
