package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/overrides"
)

var revisionAt = regexp.MustCompile(`name="revision" value="(\d+)"`)

// Settings that a business user changes on one machine are in force on all, without a file and a restart, and stay so.
func TestSettingsChangedOnTheScreensAreInForceOnAllMachines(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "reports: {mail: {server: \"127.0.0.1:25\", from: ops@bank.example, tls: none}}")
	ella := s.signIn("ella", "business")
	page := ella.get("/settings")
	assert.Contains(t, page, "Never tell it to anybody", "the text that is sent")
	assert.NotContains(t, page, "Read the settings again", "the file is the administrators'")
	revision := func() string { return revisionAt.FindStringSubmatch(ella.get("/settings"))[1] }
	send := func(form url.Values) (status int, text string) {
		r, err := ella.client.PostForm(ella.url+"/settings", form)
		require.NoError(t, err)
		defer func() { _ = r.Body.Close() }()
		b := make([]byte, 1<<20)
		n, _ := r.Body.Read(b)
		return r.StatusCode, string(b[:n])
	}
	old := revision()
	status, text := send(url.Values{"do": {"sms"}, "revision": {old}, "sms.de": {"Ohne Code"}})
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, text, "sms.texts.de: it must have {code} in it")
	status, _ = send(url.Values{"do": {"sms"}, "revision": {old}, "sms.de": {"Ihr Code für die Bank: {code}"}, "sms.en": {""}})
	assert.Equal(t, http.StatusOK, status)
	status, _ = send(url.Values{"do": {"retention"}, "revision": {old}, "retention.journal": {"60"}})
	assert.Equal(t, http.StatusConflict, status, "it was written beside another change")
	status, text = send(url.Values{"do": {"retention"}, "revision": {revision()}, "retention.journal": {"366"}})
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, text, "retention.journal is 8784h0m0s: it must be from 1d to 365d")
	status, _ = send(url.Values{"do": {"retention"}, "revision": {revision()}, "retention.journal": {"60"}})
	assert.Equal(t, http.StatusOK, status)
	ella.post("/schedules", url.Values{
		"revision": {revision()}, "name": {"weekly"}, "cron": {"0 6 * * 1"}, "report": {"summary"}, "period": {"last_week"},
		"format": {"pdf"}, "language": {"de"}, "to": {"ops@bank.example"},
	})

	nora := s.signInAt(s.nodes[1], "nora", "business")
	require.Eventually(t, func() bool {
		page := nora.get("/settings")
		return strings.Contains(page, "Ihr Code für die Bank: {code}") && strings.Contains(page, `value="60"`)
	}, patience, 50*time.Millisecond, "the other machine")
	of := func(n *node, args ...string) string {
		code, out, stderr := countersign(t, "", append([]string{"--config", s.config(n.name), "--data", filepath.Join(s.dir, n.name)}, args...)...)
		require.Equal(t, exitDone, code, stderr)
		return out
	}
	assert.Contains(t, of(s.nodes[0], "report", "schedules"), "weekly", "the command line knows it, too")
	assert.Contains(t, of(s.nodes[1], "report", "schedules"), "No reports are scheduled", "one machine makes it")
	assert.Contains(t, of(s.nodes[0], "audit", "list"), "settings_changed")
}

func TestAFileThatDoesNotFitIsUsedAlone(t *testing.T) {
	t.Parallel()
	cfg := defaults()
	cfg.data = t.TempDir()
	cfg.Retention.Totals = duration(90 * day)
	same, err := cfg.withOverrides()
	require.NoError(t, err)
	assert.Nil(t, same.filed, "nothing was changed on the screens")
	write := func(text string) { require.NoError(t, os.WriteFile(cfg.overridesPath(), []byte(text), 0o600)) }
	write(`{"retention": {"journal": 120}, "at": "2026-12-01T09:00:00Z"}`)
	longer, err := cfg.withOverrides()
	require.ErrorContains(t, err, "retention.totals is 2160h0m0s: it cannot be less than retention.journal")
	assert.Equal(t, duration(120*day), longer.Retention.Journal, "nothing is removed earlier than was said")
	assert.Equal(t, duration(120*day), longer.Retention.Totals)
	write(`{"retention": {"journal": 80}, "sms": {"de": "Code {code}"}, "schedules": [{"node": "countersign", "Name": "!"}],
		"at": "2026-12-01T09:00:00Z"}`)
	most, err := cfg.withOverrides()
	require.ErrorContains(t, err, "name must be of the letters")
	assert.Equal(t, duration(80*day), most.Retention.Journal, "one mistake leaves the rest")
	assert.Equal(t, "Code {code}", most.SMS.Texts["de"])
	assert.Empty(t, most.Reports.Schedules)
	write(`{"retention": {"journal": 60}, "sms": {"FR": "Votre code : {code}"}, "at": "2026-12-01T09:00:00Z"}`)
	both, err := cfg.withOverrides()
	require.NoError(t, err)
	assert.Equal(t, duration(60*day), both.Retention.Journal)
	assert.Equal(t, "Votre code : {code}", both.SMS.Texts["fr"])
	assert.Equal(t, cfg, both.asFiled())
	write(`{`)
	_, err = cfg.withOverrides()
	require.ErrorContains(t, err, "overrides.json")
}

func TestOverridesChangeNothingThatNeedsARestart(t *testing.T) {
	t.Parallel()
	before := defaults()
	next, err := before.overridden(overrides.Overrides{
		SMS: map[string]string{"de": "{code}"}, Retention: overrides.Retention{Journal: 60, Totals: 100, Audit: 40},
	})
	require.NoError(t, err)
	applied, restart := changes(before, next)
	assert.ElementsMatch(t, []string{"sms.texts", "retention.journal", "retention.totals", "retention.audit"}, applied)
	assert.Empty(t, restart)
}
