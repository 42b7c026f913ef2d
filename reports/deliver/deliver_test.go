package deliver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/programtest"
	"countersign/reports"
	"countersign/reports/deliver/delivertest"
	"countersign/reports/render"
	"countersign/reports/reportstest"
	"countersign/session/event"
)

func TestAScheduledPDFHasEveryCallInTheFolderAndInTheMail(t *testing.T) {
	t.Parallel()
	pdftotext := programtest.Find(t, "pdftotext")
	const calls = 240
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	a := reportstest.New(t)
	for i := range calls {
		a.Add(reportstest.Call{
			Line: "retail", At: day.Add(time.Duration(i) * time.Minute), Customer: fmt.Sprintf("C-%04d", i), By: event.MethodANI,
			Reason: event.ReasonVelocity, Step: "pin",
		})
	}
	p := delivertest.New(t, NoTLS, false)
	s := Schedule{
		Name: "daily", Cron: "0 6 * * *", TZ: "UTC", Report: "calls", Period: reports.Yesterday, Format: render.PDF,
		Folder: t.TempDir(), Language: "de-AT",
	}
	s.Mail.To = []string{"ops@bank.example"}
	reader := reports.NewReader(a.DB(), func() time.Time { return reportstest.Later })
	done, err := Deliver(t.Context(), reader, through(p, NoTLS), s, Order{Due: day.Add(30 * time.Hour), ID: "1"})
	require.NoError(t, err)
	assert.Len(t, done.Went, 2)
	mailed := filepath.Join(t.TempDir(), "mailed.pdf")
	require.Len(t, p.Got(), 1)
	require.NoError(t, os.WriteFile(mailed, p.Got()[0].File, 0o600))
	assert.Contains(t, p.Got()[0].Text, "240 Zeilen\n")
	assert.Contains(t, p.Got()[0].Text, "Der Bericht ist angehängt.")
	assert.Equal(t, "Anrufe, 2026-11-21", p.Got()[0].Header.Get("Subject"))
	for _, file := range []string{filepath.Join(s.Folder, "daily-2026-11-21.pdf"), mailed} {
		out, err := exec.CommandContext(t.Context(), pdftotext, "-layout", file, "-").Output()
		require.NoError(t, err)
		text := string(out)
		for i := range calls {
			assert.True(t, strings.Contains(text, fmt.Sprintf("C-%04d", i)), "C-%04d is missing", i)
			assert.True(t, strings.Contains(text, fmt.Sprintf("call-%06d", i+1)), "call-%06d is missing", i+1)
		}
		assert.True(t, strings.Contains(text, "zu viele Versuche"), "words of the schedule's language")
		assert.False(t, strings.Contains(text, "velocity"))
		pages := strings.Count(text, "\f")
		assert.Greater(t, pages, 4)
		assert.True(t, strings.Contains(text, fmt.Sprintf("Seite %d von %[1]d", pages)))
	}
}

func TestALanguageOfASchedule(t *testing.T) {
	t.Parallel()
	for language, wrong := range map[string]bool{"": false, "en": false, "de": false, "de-AT": false, "fr": true,
		"x": true} {
		s := Schedule{Report: "summary", Period: reports.Yesterday, Format: render.PDF, Language: language}
		errs := s.checkWhat()
		assert.Equal(t, wrong, len(errs) == 1, language)
		if wrong {
			assert.ErrorContains(t, errs[0], language)
		}
	}
}
