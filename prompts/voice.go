package prompts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	voiceTime  = 10 * time.Second // limit for an engine to speak one text
	maxSpoken  = 16 << 20         // bytes of an engine's WAV file: minutes
	maxStderr  = 2 << 10          // bytes
	killedTime = time.Second      // how long to wait for children of a dead engine
)

// Voices are the operator's command lines of speech engines, by language: "de" is for "de-AT" too. Other languages are
// spoken by an installed engine that we know: flite for English, espeak-ng for English and all others.
//
// A command line is a program and its arguments, separated by spaces; no shell reads it. {wav} is the WAV file that it
// writes (16-bit mono), {text} a file with the text in UTF-8, {language} the language. Without {text} it reads the text
// from standard input:
//
//	piper --model /opt/piper/thorsten.onnx --output_file {wav}
type Voices map[string]string

// Of the free engines in Debian main, pocketsphinx understood flite's slt best in six drafts (91 words, full band): 8 %
// of words wrong; festival's slt_hts 14 %, flite's rms 23 %, festival's kal 25 %, espeak-ng 79 % and more.
var engines = []struct{ language, command string }{
	{"en", "flite -voice slt -f - -o {wav}"},
	{"", "espeak-ng -v {language} -b 1 -s 165 --stdin -w {wav}"},
}

// ErrNoVoice: no installed engine speaks the language.
var ErrNoVoice = errors.New("no voice")

// Voice is a speech engine and its command line.
type Voice struct{ command []string }

// For finds the voice of a language; ErrNoVoice if this machine has none.
func (v Voices) For(language string) (Voice, error) {
	if !isLanguage(language) {
		return Voice{}, fmt.Errorf("%q is not the name of a language, such as en or pt-BR", language)
	}
	base, _, _ := strings.Cut(language, "-")
	for _, l := range []string{language, base} {
		if command, ok := v[l]; ok {
			return newVoice(command, language)
		}
	}
	for _, e := range engines {
		if e.language == "" || e.language == base {
			if voice, err := newVoice(e.command, language); err == nil {
				return voice, nil
			}
		}
	}
	return Voice{}, fmt.Errorf("%w for %q: install espeak-ng (or flite for English), "+
		"set a command line in prompts.voices, or have a person record it", ErrNoVoice, language)
}

func newVoice(command, language string) (Voice, error) {
	args := strings.Fields(strings.ReplaceAll(command, "{language}", language))
	if len(args) == 0 || !strings.Contains(command, "{wav}") {
		return Voice{}, fmt.Errorf("the voice %q: want a program with its arguments, "+
			"one of them {wav}, the file that it writes", command)
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return Voice{}, fmt.Errorf("%w: %w", ErrNoVoice, err)
	}
	return Voice{command: args}, nil
}

// String is the command line.
func (v Voice) String() string { return strings.Join(v.command, " ") }

// Speak turns a text of at most 1000 characters into a WAV file for the telephone. The engine has 10 s; the text
// appears in no argument and no log.
func (v Voice) Speak(ctx context.Context, text string) (wav []byte, err error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "countersign-voice-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "spoken.wav")
	if err := v.run(ctx, dir, file, text); err != nil {
		return nil, err
	}
	b, err := readBounded(file)
	if err != nil {
		return nil, fmt.Errorf("%s wrote no audio: %w", v.command[0], err)
	}
	spoken, err := parseWAV(b)
	if err == nil {
		spoken, err = forTelephone(spoken)
	}
	if err != nil {
		return nil, fmt.Errorf("the audio of %s: %w", v.command[0], err)
	}
	return spoken.encode(), nil
}

func (v Voice) run(ctx context.Context, dir, wav, text string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, voiceTime, fmt.Errorf("not done after %s", voiceTime))
	defer cancel()
	words := filepath.Join(dir, "words")
	args := make([]string, len(v.command))
	var input io.Reader = strings.NewReader(text + "\n")
	for i, a := range v.command {
		if strings.Contains(a, "{text}") {
			if err := os.WriteFile(words, []byte(text+"\n"), 0o600); err != nil {
				return err
			}
			input = nil
		}
		args[i] = strings.NewReplacer("{wav}", wav, "{text}", words).Replace(a)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = withoutOurs(os.Environ())
	cmd.WaitDelay = killedTime
	var said limited
	cmd.Stdin, cmd.Stderr = input, &said
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		err = nil // the engine succeeded, but a child of it still runs
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return &voiceError{program: v.command[0], err: err, said: strings.TrimSpace(string(said.kept))}
	}
	return nil
}

// voiceError keeps the error apart from the engine's output, which may hold the text.
type voiceError struct {
	program string
	err     error
	said    string
}

func (e *voiceError) Error() string {
	if e.said == "" {
		return fmt.Sprintf("%s: %v", e.program, e.err)
	}
	return fmt.Sprintf("%s: %v: %s", e.program, e.err, e.said)
}

func (e *voiceError) Unwrap() error { return e.err }

// withoutOurs keeps our settings, some of them secret, from the engine.
func withoutOurs(environment []string) []string {
	theirs := make([]string, 0, len(environment))
	for _, e := range environment {
		if !strings.HasPrefix(e, "COUNTERSIGN_") {
			theirs = append(theirs, e)
		}
	}
	return theirs
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSpoken+1))
	if err == nil && len(b) > maxSpoken {
		err = fmt.Errorf("more than %d MB", maxSpoken>>20)
	}
	return b, err
}

// limited keeps the first maxStderr bytes written to it.
type limited struct{ kept []byte }

func (l *limited) Write(b []byte) (int, error) {
	l.kept = append(l.kept, b[:min(len(b), maxStderr-len(l.kept))]...)
	return len(b), nil
}
