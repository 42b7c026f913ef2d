package esl

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"countersign/session"
)

// errResult: a speech engine's result cannot be read. Errors never quote what was said.
var errResult = errors.New("bad result of the speech engine")

const (
	// maxResult bounds a result in bytes, maxDepth the nesting of its elements.
	maxResult = 16 << 10
	maxDepth  = 16
)

// readResult reads a speech engine's result: NLSML (W3C; RFC 6787 section 6.3), or a line of plain text where there is
// none. The interpretation with the highest confidence counts, of equals the first. The words are a copy.
func readResult(result []byte) (session.Heard, error) {
	if len(result) > maxResult {
		return session.Heard{}, fmt.Errorf("%w: %d bytes, at most %d are read", errResult, len(result), maxResult)
	}
	if bytes.HasPrefix(result, []byte("DIGIT: ")) { // the opt-out key: no other key ends listening
		return session.Heard{Class: session.OptedOut}, nil
	}
	if cause, ok := bytes.CutPrefix(result, []byte("Completion-Cause: ")); ok {
		return completion(string(bytes.TrimSpace(cause)))
	}
	r := reading{text: make([]byte, 0, len(result)), best: make([]byte, 0, len(result)), confidenceOfBest: -1}
	defer r.wipe()
	if err := r.all(result); err != nil {
		return session.Heard{}, err
	}
	switch {
	case len(r.best) > 0:
		words := session.NewSecret(bytes.Clone(r.best))
		return session.Heard{Class: session.Input, Words: words, Confidence: r.confidenceOfBest}, nil
	case r.noInput && !r.noMatch:
		return session.Heard{Class: session.NoInput}, nil
	default:
		return session.Heard{Class: session.NoMatch}, nil
	}
}

// completion reads a unimrcp result without a body: the Completion-Cause of RFC 6787 section 9.4.11.
func completion(cause string) (session.Heard, error) {
	switch cause {
	case "002":
		return session.Heard{Class: session.NoInput}, nil
	case "001", "003", "007", "008", "013", "014", "015":
		return session.Heard{Class: session.NoMatch}, nil
	default:
		return session.Heard{}, fmt.Errorf("%w: completion cause %.20q", errResult, cause)
	}
}

// reading is the state of the NLSML parser.
type reading struct {
	path []string // the open elements, outermost first

	// The current interpretation: its words from <input>, or else from <instance>.
	text       []byte
	literal    []byte
	instance   bool
	confidence string

	noInput, noMatch bool
	best             []byte
	confidenceOfBest float64
}

func (r *reading) wipe() {
	clear(r.text[:cap(r.text)])
	clear(r.literal[:cap(r.literal)])
	clear(r.best[:cap(r.best)])
}

// all reads a document. It refuses directives, and with them every entity but XML's own five.
func (r *reading) all(result []byte) error {
	d := xml.NewDecoder(bytes.NewReader(result))
	for seen := false; ; {
		token, err := d.Token()
		switch {
		case err == io.EOF && !seen:
			return fmt.Errorf("%w: not NLSML", errResult)
		case err == io.EOF:
			return nil
		case err != nil: // its text may quote what was said
			return fmt.Errorf("%w: not well-formed XML", errResult)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := r.begin(t, seen); err != nil {
				return err
			}
			seen = true
		case xml.CharData:
			r.take(t)
			clear(t) // the decoder's own buffer
		case xml.EndElement:
			if err := r.end(t.Name.Local); err != nil {
				return err
			}
		case xml.Directive:
			return fmt.Errorf("%w: it has a DOCTYPE", errResult)
		}
	}
}

func (r *reading) begin(e xml.StartElement, seen bool) error {
	name := e.Name.Local
	switch {
	case len(r.path) == 0 && (seen || name != "result"):
		return fmt.Errorf("%w: not NLSML", errResult)
	case len(r.path) == maxDepth:
		return fmt.Errorf("%w: elements more than %d deep", errResult, maxDepth)
	}
	r.path = append(r.path, name)
	switch name {
	case "interpretation":
		if len(r.path) != 2 {
			return fmt.Errorf("%w: an interpretation inside another element", errResult)
		}
		r.confidence = attribute(e, "confidence")
	case "instance":
		r.instance = true
	case "input":
		if r.confidence == "" {
			r.confidence = attribute(e, "confidence")
		}
	case "noinput":
		r.noInput = true
	case "nomatch":
		r.noMatch = true
	}
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// take keeps the words that were said: all text in <input>, and the plain text of an <instance>, which Nuance's engines
// put in a SWI_literal.
func (r *reading) take(text []byte) {
	to := (*[]byte)(nil)
	for i, name := range r.path {
		switch innermost := i == len(r.path)-1; {
		case name == "input":
			to = &r.text
		case innermost && r.instance && (name == "instance" || name == "SWI_literal"):
			to = &r.literal
		case name == "noinput", name == "nomatch":
			return // words that the engine rejected
		}
	}
	if to == nil {
		return
	}
	if *to == nil {
		*to = make([]byte, 0, cap(r.text))
	}
	for word := range bytes.FieldsSeq(text) {
		if len(*to) > 0 {
			*to = append(*to, ' ')
		}
		*to = append(*to, word...)
	}
}

// end closes an element. At the end of an interpretation it keeps the better one.
func (r *reading) end(name string) error {
	r.path = r.path[:len(r.path)-1]
	if name != "interpretation" {
		return nil
	}
	sure, err := confidence(r.confidence, r.instance)
	if err != nil {
		return err
	}
	words := r.text
	if len(words) == 0 {
		words = r.literal
	}
	if len(words) > 0 && sure > r.confidenceOfBest {
		clear(r.best)
		r.best, r.confidenceOfBest = append(r.best[:0], words...), sure
	}
	clear(r.text)
	clear(r.literal)
	r.text, r.literal, r.instance, r.confidence = r.text[:0], r.literal[:0], false, ""
	return nil
}

// confidence maps both dialects to 0..1: MRCP version 2 counts to 1.0, pocketsphinx and MRCP version 1 to 100. A plain
// 1 could be either, and only MRCP results have an <instance>. A missing confidence counts as 0.
func confidence(s string, instance bool) (float64, error) {
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789.") != "" || v > 100 {
		return 0, fmt.Errorf("%w: confidence %.20q", errResult, s)
	}
	if v > 1 || s == "1" && !instance {
		v /= 100
	}
	return v, nil
}
