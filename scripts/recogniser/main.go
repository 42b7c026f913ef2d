// Command recogniser is a sample of a speech recogniser for Countersign: it answers by the contract of
// backend/README.md#speech-recognisers with CMU's pocketsphinx. It is for trying, and to begin your own with.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"countersign/session"
	"countersign/spoken"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "recogniser:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("recogniser", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:8090", "`HOST:PORT` to take sound on")
	var s sphinx
	flags.StringVar(&s.model, "model", "/usr/share/pocketsphinx/model/en-us/en-us", "acoustic model for 16 kHz")
	flags.StringVar(&s.dictionary, "dictionary", "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict",
		"pronunciations; one with only the words of the grammars starts faster")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if _, err := exec.LookPath(command); err != nil {
		return fmt.Errorf("install pocketsphinx and pocketsphinx-en-us (Debian): %w", err)
	}
	var err error
	if s.grammars, err = os.MkdirTemp("", "recogniser-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.grammars)
	server := &http.Server{
		Addr: *listen, Handler: handler{key: os.Getenv("RECOGNISER_KEY"), engine: s},
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, ErrorLog: log.New(stderr, "", 0),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	fmt.Fprintf(stdout, "takes sound on http://%s\n", *listen)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(stopping)
}

// question is what Countersign says of the caller's question.
type question struct {
	language string
	expect   session.Kind
	min, max int
}

// errCannot: this engine has no model or grammar for it.
var errCannot = errors.New("this sample understands digits, spelling, dates, languages, yes and no in English at 16000 samples a second")

// handler answers by the contract.
type handler struct {
	key    string // of the header Authorization: Bearer; empty: none
	engine sphinx
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.key != "" && r.Header.Get("Authorization") != "Bearer "+h.key {
		http.Error(w, "wrong key", http.StatusUnauthorized)
		return
	}
	q, err := questionOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	heard, err := h.engine.understand(r.Context(), q, r.Body)
	if errors.Is(err, errCannot) {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if err != nil {
		log.Print(err) // nothing of what was said
		http.Error(w, "the engine failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(heard)
}

// questionOf reads a request.
func questionOf(r *http.Request) (q question, err error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || err != nil || kind != "audio/l16" || parameters["rate"] != "16000" ||
		parameters["endianness"] != "little-endian" {
		return q, errCannot
	}
	v := r.URL.Query()
	q.language, q.expect = v.Get("language"), session.Kind(v.Get("expect"))
	q.min, _ = strconv.Atoi(v.Get("min"))
	q.max, _ = strconv.Atoi(v.Get("max"))
	return q, nil
}

// answer is that of the contract.
type answer struct {
	Results  []result `json:"results"`
	NoSpeech bool     `json:"no_speech,omitempty"`
}

type result struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"`
}

// command is CMU's recogniser. It decodes while it reads, so little is left to do when the caller has ended.
const command = "pocketsphinx_continuous"

// sure is how sure pocketsphinx is of everything: it does not say.
const sure = 0.8

type sphinx struct{ model, dictionary, grammars string }

func (s sphinx) understand(ctx context.Context, q question, sound io.Reader) (a answer, err error) {
	grammar, err := s.grammar(q)
	if err != nil {
		return a, err
	}
	cmd := exec.CommandContext(ctx, command, "-infile", "/dev/stdin", "-samprate", "16000", "-hmm", s.model,
		"-dict", s.dictionary, "-jsgf", grammar, "-logfn", os.DevNull, "-vad_postspeech", "150")
	cmd.Stdin = sound
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	defer clear(out)
	if err != nil {
		return a, fmt.Errorf("%s: %w", command, err)
	}
	a.Results = []result{}
	if len(out) == 0 {
		a.NoSpeech = true
		return a, nil
	}
	if words := strings.Join(strings.Fields(string(out)), " "); words != "" { // a line for each pause
		a.Results = append(a.Results, result{words, sure})
	}
	return a, nil
}

// grammar is the file with the grammar of a question, which is made when it is needed first.
func (s sphinx) grammar(q question) (file string, err error) {
	g, ok := grammarOf(q)
	if !ok {
		return "", errCannot
	}
	file = filepath.Join(s.grammars, fmt.Sprintf("%s-%d-%d.gram", q.expect, q.min, q.max))
	text := g.JSGF()
	if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, text) {
		return file, nil
	}
	made, err := os.CreateTemp(s.grammars, "new-")
	if err != nil {
		return "", err
	}
	_, err = made.Write(text)
	if err := errors.Join(err, made.Close()); err != nil {
		return "", err
	}
	return file, os.Rename(made.Name(), file)
}

func grammarOf(q question) (g spoken.Grammar, ok bool) {
	const longest = 32
	base, _, _ := strings.Cut(q.language, "-")
	if base != "en" {
		return g, false
	}
	if q.expect == session.ExpectDigits || q.expect == session.ExpectSpelling {
		switch {
		case q.min < 1, q.max < q.min, q.max > longest:
			return g, false
		case q.expect == session.ExpectSpelling:
			return spoken.SpellingGrammar("en", q.min, q.max), true
		}
		return spoken.DigitsGrammar("en", q.min, q.max), true
	}
	for _, g := range spoken.Grammars("en") {
		if g.Name == "countersign-"+string(q.expect)+"-en" {
			return g, true
		}
	}
	return g, false
}
