package doctor_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/recogniser"
	"countersign/internal/programtest"
	"countersign/ops/doctor"
)

// hears is a machine whose recogniser answers so.
func hears(t *testing.T, answer string) doctor.Options {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sound, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Greater(t, len(sound), 16000, "a second at least")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	o := fresh(t)
	o.Timeout = time.Minute // the machine may be busy
	o.Speech = recogniser.Settings{
		Folder: filepath.Join(programtest.Memory(t), "sounds"), Recognisers: map[string]recogniser.Engine{"own": {URL: server.URL}},
	}
	return o
}

func TestRecognisersAreTriedByHavingThemHear(t *testing.T) {
	t.Parallel()
	assert.Empty(t, found(t, fresh(t), "speech"), "there are none")
	for name, c := range map[string]struct {
		answer string
		state  doctor.State
		detail string
	}{
		"it understands":       {`{"results": [{"text": "one two three four", "confidence": 0.9}]}`, doctor.OK, "understands a number"},
		"it mishears":          {`{"results": [{"text": "five two three four", "confidence": 0.9}]}`, doctor.Note, "did not understand"},
		"it is something else": {`<html>`, doctor.Problem, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := hears(t, c.answer)
			var all []doctor.Finding
			require.Eventually(t, func() bool { // a busy machine may be late
				all = found(t, o, "speech")
				return len(all) == 2 && !strings.Contains(all[1].Detail, "are waited for")
			}, time.Minute, time.Millisecond, "%v", all)
			assert.Equal(t, doctor.Note, all[0].State, "the folder does not exist yet")
			assert.Equal(t, c.state, all[1].State)
			assert.Contains(t, all[1].Detail, c.detail)
		})
	}
}

func TestWhereFreeSWITCHLeavesSoundIsLookedAt(t *testing.T) {
	t.Parallel()
	const nobodyElse = 54321
	o := hears(t, `{"results": []}`)
	folder := func(uid int, known bool) doctor.Finding {
		return found(t, doctor.WhereFreeSWITCHRunsAs(uid, known, o), "speech")[0]
	}
	require.NoError(t, os.Mkdir(o.Speech.Folder, 0o700))
	assert.Equal(t, doctor.OK, folder(os.Getuid(), true).State)
	f := folder(nobodyElse, true)
	assert.Equal(t, doctor.Problem, f.State, f.Detail)
	assert.Contains(t, f.Do, "speech.group")
	assert.Equal(t, doctor.Note, folder(0, false).State)
	left, err := os.ReadDir(o.Speech.Folder)
	require.NoError(t, err)
	assert.Empty(t, left)

	o.Speech.Folder = t.TempDir()
	if f := folder(os.Getuid(), true); f.State != doctor.OK { // temporary files may be in memory
		assert.Contains(t, f.Detail, "is on a disk")
	}
}

func TestARecogniserThatIsTooSlowIsNamed(t *testing.T) {
	t.Parallel()
	o := hears(t, `{"results": [{"text": "one two three four", "confidence": 0.9}]}`)
	e := o.Speech.Recognisers["own"]
	e.Timeout = 100 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		late := time.NewTimer(2 * e.Timeout)
		defer late.Stop()
		<-late.C
		_, _ = io.WriteString(w, `{"results": []}`)
	}))
	t.Cleanup(server.Close)
	e.URL = server.URL
	o.Speech.Recognisers["own"] = e
	f := found(t, o, "speech")[1]
	assert.Equal(t, doctor.Problem, f.State, f.Detail)
	assert.Contains(t, f.Detail, "100ms are waited for")
}
