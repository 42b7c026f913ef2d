package endpoint

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var (
	errTooLarge = errors.New("the answer is too large")
	errUnpack   = errors.New("the answer is compressed, but cannot be unpacked")
	errCharset  = errors.New("the answer is in a character set that we cannot read")
)

// read returns the body of an answer as UTF-8, unpacked, of up to MaxResponse bytes on the way and at the end.
func (e *Endpoint) read(res *http.Response, shape Shape) ([]byte, error) {
	body, err := e.receive(res)
	if err != nil || len(body) == 0 || shape == Anything {
		return body, err
	}
	packed := body
	if body, err = unpack(packed, res.Header.Get("Content-Encoding"), e.MaxResponse); err != nil {
		clear(packed)
		return nil, err
	}
	text, err := inUTF8(body, res.Header.Get("Content-Type"))
	if err != nil {
		clear(body)
		return nil, err
	}
	return unguarded(text), nil
}

// receive reads a body of up to MaxResponse bytes.
func (e *Endpoint) receive(res *http.Response) ([]byte, error) {
	if res.ContentLength > int64(e.MaxResponse) {
		return nil, errTooLarge
	}
	if res.ContentLength >= 0 {
		return inOnePiece(res.Body, int(res.ContentLength))
	}
	return inOnePiece(res.Body, e.MaxResponse)
}

// inOnePiece reads all of up to that many bytes into one piece of memory, which can be wiped. An error wipes it.
func inOnePiece(from io.Reader, most int) ([]byte, error) {
	body, n := make([]byte, most+1), 0 // one more, to see EOF
	for n < len(body) {
		m, err := from.Read(body[n:])
		n += m
		if errors.Is(err, io.EOF) {
			return body[:n], nil
		}
		if err != nil {
			clear(body)
			return nil, err
		}
	}
	clear(body)
	return nil, errTooLarge
}

// isGzip: no JSON and no text begins like this (RFC 1952, section 2.3.1).
func isGzip(body []byte) bool { return bytes.HasPrefix(body, []byte{0x1f, 0x8b}) }

// unpack undoes a Content-Encoding, also gzip that nobody named. We ask for none, but some servers compress anyway.
func unpack(body []byte, coding string, most int) ([]byte, error) {
	var unpacked io.Reader
	var err error
	switch coding = strings.ToLower(strings.TrimSpace(coding)); {
	case isGzip(body) && (coding == "" || coding == "identity"), coding == "gzip", coding == "x-gzip":
		unpacked, err = gzip.NewReader(bytes.NewReader(body))
	case coding == "", coding == "identity":
		return body, nil
	case coding == "deflate" && body[0]&0x0f == 8 && len(body) > 1 && (int(body[0])<<8|int(body[1]))%31 == 0:
		unpacked, err = zlib.NewReader(bytes.NewReader(body))
	case coding == "deflate": // some servers leave zlib's header out
		unpacked = flate.NewReader(bytes.NewReader(body))
	default:
		return nil, fmt.Errorf("%w: we read gzip and deflate", errUnpack)
	}
	if err != nil {
		return nil, errUnpack
	}
	plain, err := inOnePiece(unpacked, most)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, err
	case err != nil:
		return nil, errUnpack
	}
	clear(body)
	return plain, nil
}

// inUTF8 returns a body in UTF-8, without a byte order mark. The mark decides, then UTF-16's zero bytes, which no JSON
// in UTF-8 has, then the charset of the Content-Type. Without any of them, what is not UTF-8 is taken for Windows-1252,
// which has ISO-8859-1 in it.
func inUTF8(body []byte, contentType string) ([]byte, error) {
	var from encoding.Encoding
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return body[3:], nil
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		from = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	case len(body) >= 2 && body[0] == 0:
		from = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case len(body) >= 2 && body[1] == 0:
		from = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case isASCII(body):
		return body, nil
	default:
		_, parameters, _ := mime.ParseMediaType(contentType)
		name := parameters["charset"]
		switch {
		case name == "" && utf8.Valid(body), strings.EqualFold(name, "utf-8"), strings.EqualFold(name, "utf8"):
			return body, nil
		case name == "":
			from = charmap.Windows1252
		default:
			var err error
			if from, err = htmlindex.Get(name); err != nil {
				return nil, errCharset
			}
		}
	}
	text, err := from.NewDecoder().Bytes(body)
	if err != nil {
		return nil, errCharset
	}
	clear(body)
	return text, nil
}

func isASCII(body []byte) bool {
	for _, c := range body {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unguarded cuts off what interfaces for browsers put in front of JSON, so that it cannot be run as a script.
func unguarded(body []byte) []byte {
	for _, guard := range []string{")]}'", "for(;;);", "while(1);"} {
		if after, found := bytes.CutPrefix(body, []byte(guard)); found {
			return bytes.TrimPrefix(after, []byte(","))
		}
	}
	return body
}
