package sim

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Sounds tells the lengths of prompts, from WAV headers. The zero value is ready to use. It is safe for concurrent use.
type Sounds struct {
	// Dir is the base of relative file names.
	Dir string
	// Default is the length of a missing file. 0: two seconds; below 0: the file is not found, as in FreeSWITCH.
	Default time.Duration

	known sync.Map // file name to time.Duration
}

// file is one part of a prompt: its length, and whether it can be played.
type file struct {
	name   string
	length time.Duration
	found  bool
}

// files splits an argument of playback into its files: at playback_delimiter, if the channel has one, or those of a
// file_string.
func (s *Sounds) files(arg, delimiter string) []file {
	parts := []string{arg}
	if list, ok := strings.CutPrefix(arg, "file_string://"); ok {
		parts = strings.Split(list, "!")
	} else if delimiter != "" {
		parts = strings.Split(arg, delimiter[:1])
	}
	files := make([]file, 0, len(parts))
	for _, p := range parts {
		if p != "" {
			files = append(files, s.file(p))
		}
	}
	return files
}

func (s *Sounds) file(name string) file {
	switch scheme, rest, _ := strings.Cut(name, "://"); scheme {
	case "silence_stream":
		ms, _, _ := strings.Cut(rest, ",")
		n := atoi(ms)
		return file{name: name, length: time.Duration(max(n, 0)) * time.Millisecond, found: n != 0}
	case "tone_stream":
		return file{name: name, length: toneLength(rest), found: true}
	}
	if d, ok := s.known.Load(name); ok {
		return file{name: name, length: max(d.(time.Duration), 0), found: d.(time.Duration) >= 0}
	}
	d := s.measure(name)
	s.known.Store(name, d)
	return file{name: name, length: max(d, 0), found: d >= 0}
}

// measure is the length of a file on disk, or the default; below 0: not found.
func (s *Sounds) measure(name string) time.Duration {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		if d, ok := wavLength(f); ok {
			return d
		}
	}
	if s.Default == 0 {
		return 2 * time.Second
	}
	return s.Default
}

// wavLength is the length by the headers of a RIFF/WAVE file: the size of its data over its byte rate.
func wavLength(r io.ReadSeeker) (time.Duration, bool) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return 0, false
	}
	var rate uint32
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return 0, false
		}
		size := binary.LittleEndian.Uint32(chunk[4:])
		switch string(chunk[:4]) {
		case "fmt ":
			var f [16]byte
			if size < 16 || size > 1<<16 {
				return 0, false
			}
			if _, err := io.ReadFull(r, f[:]); err != nil {
				return 0, false
			}
			rate, size = binary.LittleEndian.Uint32(f[8:]), size-16
		case "data":
			if rate == 0 {
				return 0, false
			}
			return time.Duration(float64(size) / float64(rate) * float64(time.Second)), true
		}
		if _, err := r.Seek(int64(size)+int64(size&1), io.SeekCurrent); err != nil {
			return 0, false
		}
	}
}

// toneLength is the length of a tone_stream such as "%(300,50,440);%(200,0,800);loops=2": the on and off times of all
// tones, times loops (libteletone). Anything else in it takes no time.
func toneLength(spec string) time.Duration {
	loops := 1
	if before, after, ok := strings.Cut(spec, ";loops="); ok {
		spec, loops = before, atoi(after)
		if loops < 0 {
			return time.Hour // endless
		}
		loops = max(loops, 1)
	}
	var ms int
	for {
		_, rest, ok := strings.Cut(spec, "(")
		if !ok {
			return time.Duration(loops*ms) * time.Millisecond
		}
		args, after, _ := strings.Cut(rest, ")")
		on, off, _ := strings.Cut(args, ",")
		off, _, _ = strings.Cut(off, ",")
		ms += max(atoi(on), 0) + max(atoi(off), 0)
		spec = after
	}
}

// baseName is a file's name without folders and extension; empty for tones and silence.
func baseName(name string) string {
	if strings.Contains(name, "_stream://") {
		return ""
	}
	base := filepath.Base(name)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// atoi reads the number that a string starts with, as C does; 0 if none.
func atoi(s string) int {
	s = strings.TrimLeft(s, " ")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[end] == '-' || s[end] == '+')) {
		end++
	}
	if end == 0 {
		return 0
	}
	n, _ := strconv.Atoi(s[:end])
	return n
}
