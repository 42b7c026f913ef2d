package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sixteen = "audio/L16; rate=16000; channels=1; endianness=little-endian"

// patience bounds every wait of a test.
const patience = time.Minute

// asks serves the sample, and returns its answer to a request.
func asks(t *testing.T, query, contentType, key string, sound []byte) (int, string) {
	t.Helper()
	server := httptest.NewServer(handler{key: "s3cret", engine: sphinx{
		model:      "/usr/share/pocketsphinx/model/en-us/en-us",
		dictionary: "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict", grammars: t.TempDir(),
	}})
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/?"+query, bytes.NewReader(sound))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

func TestWhatTheSampleRefuses(t *testing.T) {
	t.Parallel()
	const number = "expect=digits&min=4&max=4&language=en"
	for name, c := range map[string]struct {
		query, contentType, key string
		status                  int
	}{
		"a wrong key":      {number, sixteen, "guess", 401},
		"sound at 8 kHz":   {number, "audio/L16; rate=8000; channels=1; endianness=little-endian", "s3cret", 422},
		"other sound":      {number, "audio/wav", "s3cret", 422},
		"German":           {"expect=digits&min=4&max=4&language=de", sixteen, "s3cret", 422},
		"a passphrase":     {"expect=phrase&language=en", sixteen, "s3cret", 422},
		"a long number":    {"expect=digits&min=4&max=40&language=en", sixteen, "s3cret", 422},
		"a number of none": {"expect=digits&language=en", sixteen, "s3cret", 422},
		"a file":           {"expect=../main.go&language=en", sixteen, "s3cret", 422},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _ := asks(t, c.query, c.contentType, c.key, nil)
			assert.Equal(t, c.status, status)
		})
	}
}

func TestTheSampleUnderstands(t *testing.T) {
	t.Parallel()
	programtest.Find(t, command)
	programtest.Find(t, "flite")
	for name, c := range map[string]struct {
		says, query string
		want        answer
	}{
		"a number": {
			"one zero zero zero four two", "expect=digits&min=6&max=6&language=en-US",
			answer{Results: []result{{"one zero zero zero four two", sure}}},
		},
		"letters": {
			"kilo tango six two seven three", "expect=spelling&min=6&max=6&language=en",
			answer{Results: []result{{"kilo tango six two seven three", sure}}},
		},
		"a language": {"english", "expect=language&language=en", answer{Results: []result{{"english", sure}}}},
		"a yes":      {"yes", "expect=confirm&language=en", answer{Results: []result{{"yes", sure}}}},
		"nothing":    {"", "expect=confirm&language=en", answer{Results: []result{}, NoSpeech: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := asks(t, c.query, sixteen, "s3cret", voice(t, c.says))
			require.Equal(t, http.StatusOK, status, body)
			var got answer
			require.NoError(t, json.Unmarshal([]byte(body), &got))
			assert.Equal(t, c.want, got)
		})
	}
}

// voice is what flite says, with silence around it.
func voice(t *testing.T, words string) []byte {
	t.Helper()
	silence := make([]byte, 16000)
	if words == "" {
		return silence
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	file := filepath.Join(t.TempDir(), "said.wav")
	out, err := exec.CommandContext(ctx, "flite", "-voice", "slt", "-t", words, "-o", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	wav, err := os.ReadFile(file)
	require.NoError(t, err)
	_, samples, found := bytes.Cut(wav, []byte("data"))
	require.True(t, found)
	return append(append(silence, samples[4:]...), make([]byte, 32000)...)
}
