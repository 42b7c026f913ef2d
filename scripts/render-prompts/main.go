// Command render-prompts makes the audio of the shipped prompts from their texts, prompts/<language>/texts.yaml. Run it from the repository's
// root after a change of a text:
//
//	apt-get install flite sox
//	go run ./scripts/render-prompts
//
// The same texts give the same bytes each time (flite 2.2-5, sox 14.4.2 of Debian 12). Delete a prompt's line and its WAV by hand.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"countersign/prompts"
)

// voices are the flite voices of the languages that it speaks. Of the free voices in Debian main, slt is the one that pocketsphinx understood
// best in six drafts (91 words, before the telephone's band): 8 % of words wrong, festival's slt_hts 14 %, flite's rms 23 %, festival's kal
// 25 %, espeak-ng 79 % and more.
var voices = map[string]string{"en": "slt"}

const (
	rate      = 8000   // Hz
	loudness  = -20.0  // dBFS RMS
	maxPeak   = -3.5   // dBFS
	edgePause = "0.05" // seconds
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "render-prompts:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("render-prompts", flag.ContinueOnError)
	language := flags.String("language", "en", "language to render")
	if err := flags.Parse(args); err != nil {
		return err
	}
	voice, ok := voices[*language]
	if !ok {
		return fmt.Errorf("no free voice of Debian's is good enough for %q: have a person record the prompts", *language)
	}
	if err := needTools("flite", "sox"); err != nil {
		return err
	}
	texts, err := prompts.Texts(*language) // go run embeds what is on disk now
	if err != nil {
		return err
	}
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		wav, err := render(voice, texts[name])
		if err != nil {
			return fmt.Errorf("render %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join("prompts", *language, name+".wav"), wav, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%-18s %5.2f s %6d bytes\n", name, float64(len(wav)-44)/2/rate, len(wav))
	}
	fmt.Fprintln(stdout, "Now listen to them, and run: go test ./prompts")
	return nil
}

func needTools(tools ...string) error {
	var missing []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) > 0 {
		return errors.New("tools are missing: apt-get install " + strings.Join(missing, " ")) // Debian's packages have the tools' names
	}
	return nil
}

// render speaks a text and makes it fit for the telephone.
func render(voice, text string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "render-prompts-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	words, spoken := filepath.Join(tmp, "words"), filepath.Join(tmp, "spoken.wav")
	if err := os.WriteFile(words, []byte(text+"\n"), 0o600); err != nil {
		return nil, err
	}
	if _, err := output("flite", "-voice", voice, "-f", words, "-o", spoken); err != nil {
		return nil, err
	}
	// Cut the silence in front of the speech, ease in, leave a moment of it: done forwards for the start and backwards for the end.
	edge := []string{"silence", "1", "0.005", "-45d", "fade", "h", "0.005", "pad", edgePause}
	sox := []string{"-D", spoken, "-t", "raw", "-e", "signed", "-b", "16", "-L", "-r", fmt.Sprint(rate), "-c", "1", "-"}
	sox = append(sox, "gain", "-n", "-6", "sinc", "200-3500") // the telephone's band, with the skirts outside it
	sox = append(append(append(append(sox, edge...), "reverse"), edge...), "reverse")
	pcm, err := output("sox", sox...)
	if err != nil {
		return nil, err
	}
	return encode(normalise(pcm)), nil
}

func output(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// normalise brings samples to the loudness of all prompts, or as near as the highest peak lets it.
func normalise(pcm []byte) []int16 {
	samples := make([]int16, len(pcm)/2)
	var square, peak float64
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(pcm[2*i:]))
		v := float64(samples[i])
		square, peak = square+v*v, max(peak, math.Abs(v))
	}
	if peak == 0 {
		return samples
	}
	gain := min(amplitude(loudness)/math.Sqrt(square/float64(len(samples))), amplitude(maxPeak)/peak)
	for i, s := range samples {
		samples[i] = int16(math.Round(float64(s) * gain))
	}
	return samples
}

func amplitude(decibels float64) float64 { return 32768 * math.Pow(10, decibels/20) }

// encode writes WAV: mono, 16 bits, the 44-byte header that everything reads.
func encode(samples []int16) []byte {
	size := uint32(2 * len(samples))
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+size)...)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
