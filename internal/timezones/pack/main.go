// Pack writes zoneinfo.zip from a folder of compiled time zones, such as /usr/share/zoneinfo of an up-to-date Debian: the
// names of the IANA time zone database, which is in the public domain, and its version.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack /usr/share/zoneinfo zoneinfo.zip")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// zoneName leaves out posix/, right/ and files that are no zones.
var zoneName = regexp.MustCompile(`^([A-Z][A-Za-z]+/.+|[A-Z][A-Za-z0-9+-]*)$`)

func pack(from, to string) error {
	rules, err := os.ReadFile(filepath.Join(from, "tzdata.zi"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(rules), "\n")
	version, ok := strings.CutPrefix(first, "# version ")
	if !ok {
		return fmt.Errorf("%s says no version", filepath.Join(from, "tzdata.zi"))
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	add := func(name string, body []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Unix(0, 0).UTC()})
		if err == nil {
			_, err = w.Write(body)
		}
		return err
	}
	if err := add("VERSION", []byte(version)); err != nil {
		return err
	}
	err = filepath.WalkDir(from, func(path string, _ fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, filepath.Clean(from)+"/")
		if err != nil || !zoneName.MatchString(name) {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(body, []byte("TZif")) {
			return nil // a folder, or no zone
		}
		return add(name, body)
	})
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}
