// Package asset holds what browsers load: styles, scripts and icons, embedded in the program. Each is served under a name
// with its hash, so that browsers may keep it for ever. Nothing is compiled, and nothing comes from another host.
package asset

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed files
var files embed.FS

// types are the media types of assets, by the end of their names.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// file is an asset.
type file struct {
	body []byte
	kind string // its media type
}

// Prefix begins the addresses of assets.
const Prefix = "/asset/"

// assets are all, by their names with the hash; names have the hash for each file.
var assets, names = load()

// load reads the embedded files. Scripts import each other by their plain names, which are replaced.
func load() (assets map[string]file, names map[string]string) {
	assets, names = map[string]file{}, map[string]string{}
	entries, err := files.ReadDir("files")
	if err != nil {
		panic(err) // embedded
	}
	bodies := map[string]string{}
	for _, e := range entries {
		body, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			panic(err) // embedded
		}
		bodies[e.Name()] = string(body)
	}
	var add func(name string) string
	add = func(name string) string {
		if hashed, ok := names[name]; ok {
			return hashed
		}
		body := bodies[name]
		for other := range bodies {
			if from := `from "./` + other + `"`; strings.Contains(body, from) {
				body = strings.ReplaceAll(body, from, `from "./`+add(other)+`"`)
			}
		}
		sum := sha256.Sum256([]byte(body))
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
		names[name] = hashed
		assets[hashed] = file{body: []byte(body), kind: types[ext]}
		return hashed
	}
	for name := range bodies {
		add(name)
	}
	return assets, names
}

// URL is the address of an asset, by the name of its file. It panics if there is none: templates name assets.
func URL(name string) string {
	hashed, ok := names[name]
	if !ok {
		panic(fmt.Sprintf("there is no asset %q", name))
	}
	return Prefix + hashed
}

// ForAnyPage serves an asset under an address that stays, to pages of any site: they load it as a module.
func ForAnyPage(name string) http.Handler {
	hashed := path.Base(URL(name))
	f := assets[hashed]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", `"`+hashed+`"`)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.body))
	})
}

// Serve answers GET /asset/{file}.
func Serve(w http.ResponseWriter, r *http.Request) {
	f, ok := assets[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(f.body)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(f.body)
}
