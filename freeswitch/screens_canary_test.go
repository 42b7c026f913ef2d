package freeswitch_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// watcher is somebody who may see everything on the screens, in a browser whose stream is open.
type watcher struct {
	service *service
	client  *http.Client

	mu       sync.Mutex
	streamed bytes.Buffer
}

var joinLink = regexp.MustCompile(`http\S+/join/\S+`)

func startWatcher(t testing.TB, s *service) *watcher {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), importWithin)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.binary, "--config", s.config, "--data", s.Data, "people", "add", "watcher",
		"--role", "admin", "--role", "supervisor", "--role", "agent").CombinedOutput()
	require.NoError(t, err, "%s", out)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	w := &watcher{service: s, client: &http.Client{Jar: jar}}
	link, err := url.Parse(joinLink.FindString(string(out)))
	require.NoError(t, err, "%s", out)
	const password = "four words of no sense"
	joined, err := w.client.PostForm("http://"+s.API+link.Path, url.Values{"password": {password}, "again": {password}})
	require.NoError(t, err)
	require.NoError(t, joined.Body.Close())
	require.Equal(t, http.StatusOK, joined.StatusCode)
	w.follow(t)
	return w
}

// follow keeps what the stream says.
func (w *watcher) follow(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.service.API+"/stream", nil)
	require.NoError(t, err)
	stream, err := w.client.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, stream.StatusCode)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
			w.mu.Lock()
			w.streamed.WriteString(lines.Text() + "\n")
			w.mu.Unlock()
		}
	}()
	t.Cleanup(func() { stop(); _ = stream.Body.Close(); <-ended })
}

var hrefs = regexp.MustCompile(`href="(/[^"]*)"`)

// seen is all that the screens show and hand out of these calls: each page that links lead to, each report in every
// format, and what the stream said.
func (w *watcher) seen(t testing.TB, calls map[string]bool) places {
	t.Helper()
	all := places{}
	for id := range calls {
		w.look(t, all, "/calls/"+id)
	}
	for _, path := range []string{"/desk", "/board", "/board/hour", "/calls", "/reports", "/schedules", "/people", "/keys", "/me"} {
		for _, link := range hrefs.FindAllStringSubmatch(string(w.look(t, all, path)), -1) {
			if path := html.UnescapeString(link[1]); !strings.HasPrefix(path, "/asset/") && !strings.HasPrefix(path, "/join/") {
				for _, file := range hrefs.FindAllStringSubmatch(string(w.look(t, all, path)), -1) {
					if to := html.UnescapeString(file[1]); strings.Contains(to, "format=") {
						w.look(t, all, to)
					}
				}
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Positive(t, w.streamed.Len())
	all["the stream of the screens"] = bytes.Clone(w.streamed.Bytes())
	return all
}

func (w *watcher) look(t testing.TB, all places, path string) []byte {
	t.Helper()
	name := "screen " + path
	if seen, ok := all[name]; ok {
		return seen
	}
	got, err := w.client.Get("http://" + w.service.API + path)
	require.NoError(t, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	require.Less(t, got.StatusCode, http.StatusInternalServerError, "%s: %s", path, body)
	switch kind := got.Header.Get("Content-Type"); {
	case strings.Contains(kind, "spreadsheetml"):
		body = unzipped(t, body)
	case strings.Contains(kind, "pdf"):
		body = pdfText(t, body)
	}
	all[name] = body
	return body
}

func unzipped(t testing.TB, file []byte) (text []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		text = append(text, b...)
	}
	return text
}

// pdfText is a PDF's text; without poppler's pdftotext, the file.
func pdfText(t testing.TB, file []byte) []byte {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		return file
	}
	cmd := exec.CommandContext(t.Context(), program, "-", "-")
	cmd.Stdin = bytes.NewReader(file)
	text, err := cmd.Output()
	require.NoError(t, err)
	return text
}

// hooks is a system that is told of everything over HTTP.
type hooks struct {
	// Settings are those of a service that tells it.
	Settings string

	mu     sync.Mutex
	bodies places
}

func startHooks(t testing.TB) *hooks {
	t.Helper()
	h := &hooks{bodies: places{}}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it comes again
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies[fmt.Sprintf("webhook %d", len(h.bodies)+1)] = append([]byte(fmt.Sprint(r.Header)), body...)
	}))
	t.Cleanup(server.Close)
	h.Settings = fmt.Sprintf("webhooks: {canary: {url: %q, facts: [\"*\"], secret: whsec_%s}}\n", server.URL,
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	return h
}

// told is what it was told so far.
func (h *hooks) told(t testing.TB) places {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	require.NotEmpty(t, h.bodies)
	all := places{}
	for name, body := range h.bodies {
		all[name] = body
	}
	return all
}
