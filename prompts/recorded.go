package prompts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"countersign/internal/datafile"
	"countersign/session"
)

// Bounds of recordings that people upload (docs/policy.md#recordings).
const (
	// MaxUpload is the most bytes of a file that is uploaded.
	MaxUpload   = 10 << 20
	leastLength = 200 * time.Millisecond
	mostLength  = 30 * time.Second
	tooQuiet    = -45.0 // dBFS RMS
	tooLoud     = 0.01  // share of samples at full scale
	// convertWithin bounds ffmpeg, convertRate is the rate that it makes.
	convertWithin = 10 * time.Second
	convertRate   = 48000
)

// RecordingError is what is wrong with a file that somebody uploaded, in words for them.
type RecordingError struct{ text string }

func (e *RecordingError) Error() string { return e.text }

func refused(format string, a ...any) error { return &RecordingError{fmt.Sprintf(format, a...)} }

// recordedPattern is the name of a recording that was uploaded: the hash of its content.
var recordedPattern = regexp.MustCompile(`^rec-[0-9a-f]{32}\.wav$`)

// IsRecorded says whether a file of a line is a recording that was uploaded. Machines get it from each other.
func IsRecorded(file string) bool { return recordedPattern.MatchString(file) }

// RecordedName is the name of a recording with this content.
func RecordedName(wav []byte) string {
	sum := sha256.Sum256(wav)
	return "rec-" + hex.EncodeToString(sum[:16]) + ".wav"
}

// Recorded makes a prompt of a file that somebody uploaded: mono, without silence around it, as loud as every other
// prompt, at 16 kHz if the file has so much, else at 8 kHz. WAV of 16 bits is read here; other usual formats are read by ffmpeg, if it is installed, which gets the
// content alone, through a pipe, and no name. An *RecordingError says what is wrong.
func Recorded(ctx context.Context, sound []byte) (wav []byte, err error) {
	if len(sound) > MaxUpload {
		return nil, refused("the file has more than %d MB", MaxUpload>>20)
	}
	r, err := readSound(ctx, sound)
	if err != nil {
		return nil, err
	}
	switch d := r.duration(); {
	case d < leastLength:
		return nil, refused("it lasts %.1f seconds: a prompt has at least %.1f", d.Seconds(), leastLength.Seconds())
	case d > mostLength:
		return nil, refused("it lasts %.0f seconds: a prompt has at most %.0f, because callers are in a hurry", d.Seconds(), mostLength.Seconds())
	}
	if loud := r.rms(); loud < tooQuiet {
		return nil, refused("it is too quiet (%.0f dB): record it nearer to the microphone", loud)
	}
	if clipped := r.clipped(); clipped > tooLoud {
		return nil, refused("it is too loud: %.0f %% of it is cut off; record it softer", 100*clipped)
	}
	best := narrow
	if r.rate >= wide.rate {
		best = wide
	}
	made, err := r.within(best)
	if err != nil {
		return nil, refused("%v", err)
	}
	return made.encode(), nil
}

// clipped is the share of samples at full scale.
func (r recording) clipped() float64 {
	n := 0
	for _, s := range r.samples {
		if s == math.MaxInt16 || s == math.MinInt16 {
			n++
		}
	}
	return float64(n) / float64(max(1, len(r.samples)))
}

// readSound reads a file that somebody uploaded, as one channel of 16 bits.
func readSound(ctx context.Context, sound []byte) (recording, error) {
	if bytes.HasPrefix(sound, []byte("RIFF")) {
		r, err := parseWAV(sound)
		if err == nil && r.bits == 16 && (r.channels == 1 || r.channels == 2) && len(r.samples) > 0 {
			return r.mono(), nil
		}
		if err == nil && r.bits == 16 && len(r.samples) == 0 {
			return recording{}, refused("the WAV is empty")
		}
		if errors.Is(err, errNotWAV) && len(sound) >= wavHeaderSize && binary.LittleEndian.Uint16(sound[20:]) == 1 {
			return recording{}, refused("the WAV is damaged: %v", err)
		}
	} else if !isSound(sound) {
		return recording{}, refused("this is no sound: upload a WAV, or an MP3, Ogg, FLAC, WebM or M4A file")
	}
	return convert(ctx, sound)
}

// mono mixes two channels.
func (r recording) mono() recording {
	if r.channels == 2 {
		mixed := make([]int16, len(r.samples)/2)
		for i := range mixed {
			mixed[i] = int16((int(r.samples[2*i]) + int(r.samples[2*i+1])) / 2)
		}
		r.samples, r.channels = mixed, 1
	}
	return r
}

// isSound knows the usual formats by how they begin.
func isSound(b []byte) bool {
	for _, begin := range []string{"ID3", "OggS", "fLaC", "\x1aE\xdf\xa3", "\xff\xfb", "\xff\xf3", "\xff\xf2", "\xff\xf1", "\xff\xf9"} {
		if bytes.HasPrefix(b, []byte(begin)) {
			return true
		}
	}
	return len(b) > 12 && string(b[4:8]) == "ftyp"
}

// convert has ffmpeg read a sound. Its input and output are pipes, and it may open nothing else.
func convert(ctx context.Context, sound []byte) (recording, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return recording{}, refused("this machine reads WAV of 16 bits alone, for want of ffmpeg: save it as such a WAV, or install ffmpeg")
	}
	ctx, cancel := context.WithTimeout(ctx, convertWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "pipe",
		"-i", "pipe:0", "-map", "0:a:0", "-t", fmt.Sprint((mostLength + time.Second).Seconds()), "-ac", "1", "-ar", fmt.Sprint(convertRate),
		"-f", "s16le", "pipe:1")
	cmd.Stdin, cmd.WaitDelay, cmd.Env = bytes.NewReader(sound), time.Second, []string{}
	out := &bounded{most: 2 * convertRate * int((mostLength+2*time.Second)/time.Second)}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil || len(out.b) < 2 {
		return recording{}, refused("ffmpeg finds no sound in it that it can read")
	}
	r := recording{rate: convertRate, channels: 1, bits: 16, samples: make([]int16, len(out.b)/2)}
	for i := range r.samples {
		r.samples[i] = int16(binary.LittleEndian.Uint16(out.b[2*i:])) //nolint:gosec // a sample
	}
	return r, nil
}

// bounded keeps the first bytes that are written, and refuses more.
type bounded struct {
	b    []byte
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.b)+len(p) > b.most {
		return 0, errors.New("too long")
	}
	b.b = append(b.b, p...)
	return len(p), nil
}

// KeepRecorded writes a recording where lines of a language find it. It is what its name says. One of 16 kHz is also
// written at 8 kHz: FreeSWITCH looks for a folder with the call's rate beside a file, and plays what is in there.
func (c *Catalogue) KeepRecorded(language, name string, wav []byte) error {
	if !isLanguage(language) || !IsRecorded(name) || RecordedName(wav) != name {
		return fmt.Errorf("recording %s in %s: not kept, because it is not what its name says", name, language)
	}
	folder := filepath.Join(c.dir, ownFolder, language)
	if _, found := orTone(filepath.Join(folder, name)); found {
		return nil
	}
	r, err := parseWAV(wav)
	if err != nil {
		return fmt.Errorf("recording %s: %w", name, err)
	}
	if r.rate == telephoneRate {
		return keepFile(folder, name, wav)
	}
	low, err := forTelephone(r)
	if err != nil {
		return fmt.Errorf("recording %s: %w", name, err)
	}
	narrowWAV := low.encode()
	for _, at := range []struct {
		rate int
		wav  []byte
	}{{r.rate, wav}, {telephoneRate, narrowWAV}} {
		if err := keepFile(filepath.Join(folder, strconv.Itoa(at.rate)), name, at.wav); err != nil {
			return err
		}
	}
	return keepFile(folder, name, narrowWAV) // the last: who finds it finds the others
}

func keepFile(folder, name string, wav []byte) error {
	if err := datafile.MakeFolder(folder); err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, name), wav)
}

// Sound is the audio that callers hear for a prompt: the line's replacement, or that of the catalogue if there is none.
func (c *Catalogue) Sound(language, prompt string, own *session.Replacement) (wav []byte, found bool) {
	file, found := "", false
	if own != nil {
		file, found = c.Replaced(language, *own)
	} else {
		file, found = c.File(language, prompt)
	}
	if !found {
		return nil, false
	}
	wav, err := os.ReadFile(filepath.Clean(file))
	return wav, err == nil
}

// DocOf says when a prompt is played; "" if it is not one of ours.
func DocOf(prompt string) string {
	all := All()
	if i := slices.IndexFunc(all, func(p Prompt) bool { return p.Name == prompt }); i >= 0 {
		return all[i].Doc
	}
	return ""
}
