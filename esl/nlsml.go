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

// errResult says that a speech engine's result cannot be read. It does not hold what was said.
var errResult = errors.New("bad result of the speech engine")

const (
	// maxResult bounds a result, in bytes; maxDepth how deep its elements may be nested.
	maxResult = 16 << 10
	maxDepth  = 16
)

// readResult reads what a speech engine made of what was said: NLSML (W3C; RFC 6787 section 6.3), or one of the lines of plain text that stand for less. Of
// several interpretations the surest counts, of equals the first. The words are a copy; result may be wiped.
func readResult(result []byte) (session.Heard, error) {
	if len(result) > maxResult {
		return session.Heard{}, fmt.Errorf("%w: %d bytes, at most %d are read", errResult, len(result), maxResult)
	}
	if bytes.HasPrefix(result, []byte("DIGIT: ")) { // the opt-out key: no other one ends it
		return session.Heard{Class: session.OptedOut}, nil
	}
	if cause, ok := bytes.CutPrefix(result, []byte("Completion-Cause: ")); ok {
		return completion(string(bytes.TrimSpace(cause)))
	}
	r := reading{text: make([]byte, 0, len(result)), best: make([]byte, 0, len(result)), surest: -1}
	defer r.wipe()
	if err := r.all(result); err != nil {
		return session.Heard{}, err
	}
	switch {
	case len(r.best) > 0:
		return session.Heard{Class: session.Input, Words: session.NewSecret(bytes.Clone(r.best)), Confidence: r.surest}, nil
	case r.noInput && !r.noMatch:
		return session.Heard{Class: session.NoInput}, nil
	default:
		return session.Heard{Class: session.NoMatch}, nil
	}
}

// completion is a result of unimrcp without a body: the Completion-Cause of RFC 6787 section 9.4.11.
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

// reading is the state of reading NLSML.
type reading struct {
	path []string // the elements that are open, outermost first

	// The interpretation that is being read: its words from <input>, or else from <instance>.
	text       []byte
	literal    []byte
	instance   bool
	confidence string

	noInput, noMatch bool
	best             []byte
	surest           float64
}

func (r *reading) wipe() {
	clear(r.text[:cap(r.text)])
	clear(r.literal[:cap(r.literal)])
	clear(r.best[:cap(r.best)])
}

// all reads a document. Entities but the five of XML are refused, and with the directives that declare them every other.
func (r *reading) all(result []byte) error {
	d := xml.NewDecoder(bytes.NewReader(result))
	for seen := false; ; {
		token, err := d.Token()
		switch {
		case err == io.EOF && !seen:
			return fmt.Errorf("%w: it is not NLSML", errResult)
		case err == io.EOF:
			return nil
		case err != nil: // its text may quote what was said
			return fmt.Errorf("%w: it is not well-formed XML", errResult)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := r.begin(t, seen); err != nil {
				return err
			}
			seen = true
		case xml.CharData:
			r.take(t)
			clear(t) // it is the decoder's own buffer
		case xml.EndElement:
			if err := r.end(t.Name.Local); err != nil {
				return err
			}
		case xml.Directive:
			return fmt.Errorf("%w: a DOCTYPE has no place in it", errResult)
		}
	}
}

func (r *reading) begin(e xml.StartElement, seen bool) error {
	name := e.Name.Local
	switch {
	case len(r.path) == 0 && (seen || name != "result"):
		return fmt.Errorf("%w: it is not NLSML", errResult)
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

// take keeps text if it is what was said: all that stands in <input>, and the plain words of an <instance>, of which Nuance's engines make a SWI_literal.
func (r *reading) take(text []byte) {
	to := (*[]byte)(nil)
	for i, name := range r.path {
		switch innermost := i == len(r.path)-1; {
		case name == "input":
			to = &r.text
		case innermost && r.instance && (name == "instance" || name == "SWI_literal"):
			to = &r.literal
		case name == "noinput", name == "nomatch":
			return // what it was taken for, and is not
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

// end closes an element; the end of an interpretation decides whether it is the best so far.
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
	if len(words) > 0 && sure > r.surest {
		clear(r.best)
		r.best, r.surest = append(r.best[:0], words...), sure
	}
	clear(r.text)
	clear(r.literal)
	r.text, r.literal, r.instance, r.confidence = r.text[:0], r.literal[:0], false, ""
	return nil
}

// confidence brings both dialects to 0 to 1: MRCP version 2 counts to 1.0, pocketsphinx and MRCP version 1 to 100. A whole 1 could be either; only MRCP's
// results have an <instance>. An engine that does not say how sure it is, is not.
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
