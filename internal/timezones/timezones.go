// Package timezones has the rules of time zones, those of the IANA database, in the program: every part of it reckons by
// the same ones, whatever the machine has.
package timezones

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

//go:generate go run ./pack /usr/share/zoneinfo zoneinfo.zip

//go:embed zoneinfo.zip
var packed []byte

var rules = sync.OnceValues(func() (*zip.Reader, error) {
	return zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
})

// zones are those that were loaded: a zone is one value.
var zones sync.Map

// Load returns a zone by its name, such as Europe/Berlin. Where ZONEINFO is set, the rules are those that it names.
func Load(name string) (*time.Location, error) {
	switch name {
	case "", "Local":
		return nil, fmt.Errorf("unknown time zone %q", name)
	case "UTC":
		return time.UTC, nil
	}
	if os.Getenv("ZONEINFO") != "" {
		return time.LoadLocation(name)
	}
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	body, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q", name)
	}
	z, err := time.LoadLocationFromTZData(name, body)
	if err != nil {
		return nil, err
	}
	kept, _ := zones.LoadOrStore(name, z)
	return kept.(*time.Location), nil
}

// Version is the version of the rules in use, such as 2026f.
func Version() string {
	if from := os.Getenv("ZONEINFO"); from != "" {
		return "of " + from
	}
	v, err := read("VERSION")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(v))
}

func read(name string) ([]byte, error) {
	all, err := rules()
	if err != nil {
		return nil, err
	}
	f, err := all.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}
