package staff_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/deliver"
	"countersign/session/shared"
	"countersign/web/overrides"
	"countersign/web/people"
	"countersign/web/staff"
)

// overridden are settings of a service whose file says 90 days and an English text.
type overridden struct {
	book *overrides.Book
	done []string
	away bool // NATS
}

func newOverridden() *overridden {
	return &overridden{book: overrides.NewBook(shared.NewMemory(), func() time.Time { return day })}
}

func (o *overridden) Now(ctx context.Context) (overrides.InForce, error) {
	if o.away {
		return overrides.InForce{}, errors.New("NATS is away")
	}
	kept, err := o.book.Get(ctx)
	n := overrides.InForce{
		Overrides: kept, Node: "n1", KeepsReports: true, Mails: true, Texts: map[string]string{"en": "Your code: {code}"},
		FiledTexts:   map[string]string{"en": "Your code: {code}"},
		FiledPeriods: overrides.Retention{Journal: 90, Totals: 761, Audit: 365},
		Periods:      overrides.Retention{Journal: 90, Totals: 761, Audit: 365},
	}
	for language, text := range kept.SMS {
		n.Texts[language] = text
	}
	if kept.Retention.Journal != 0 {
		n.Periods.Journal = kept.Retention.Journal
	}
	return n, err
}

func (o *overridden) Change(
	ctx context.Context, actor, what string, revision uint64, change func(*overrides.Overrides),
) error {
	next, err := o.book.Get(ctx)
	if err != nil {
		return err
	}
	if next.Revision != revision {
		return overrides.ErrConflict
	}
	change(&next)
	settings := deliver.Settings{Mail: deliver.Mail{Server: "mail:25", From: "a@bank.example", TLS: "none"}}
	for _, s := range next.Schedules {
		settings.Schedules = append(settings.Schedules, s.Schedule)
	}
	for _, err := range settings.Check() {
		return &overrides.InvalidError{Text: err.Error()}
	}
	next.By = actor
	_, err = o.book.Put(ctx, next)
	o.done = append(o.done, actor+": "+what)
	return err
}

var revisionIn = regexp.MustCompile(`name="revision" value="(\d+)"`)

func TestBusinessUsersChangeTextsAndPeriods(t *testing.T) {
	t.Parallel()
	set := newOverridden()
	o := newOffice(t, withLines, func(s *staff.Options) { s.Settings, s.Overrides = &filed{}, set })
	o.hire("business")
	o.hire("cleo", func(p *people.Person) { p.Roles, p.Lines = []role{"business"}, []string{"retail"} })
	b := o.as("business")
	page := b.get("/settings")
	require.Equal(t, http.StatusOK, page.status, page.text)
	assert.Contains(t, page.text, `data-line="retail"`, "opening hours stand in each line")
	assert.Contains(t, page.text, "Your code: {code}")
	assert.NotContains(t, page.text, "/settings/reload", "the file is the administrators'")
	assert.Equal(t, http.StatusForbidden, b.post("/settings/reload").status)
	revision := revisionIn.FindStringSubmatch(page.text)[1]

	saved := b.post("/settings", "do", "sms", "revision", revision, "sms.en", "Code {code}", "sms.de", "")
	require.Equal(t, http.StatusSeeOther, saved.status, saved.text)
	after := b.get("/settings?saved=1").text
	assert.Contains(t, after, "Code {code}")
	assert.Contains(t, after, "changed here")
	assert.Contains(t, after, "Changed last by business")
	assert.Equal(t, http.StatusConflict, b.post("/settings", "do", "sms", "revision", revision, "sms.en", "Other {code}").status)
	revision = revisionIn.FindStringSubmatch(after)[1]
	require.Equal(t, http.StatusSeeOther, b.post("/settings", "do", "retention", "revision", revision, "retention.journal", "60",
		"retention.totals", "761", "retention.audit", "").status)
	assert.Equal(t, []string{
		"business: texts of messages: en", "business: retention in days, 0 as in the file: journal 60, totals 0, audit 0",
	}, set.done)
	kept, err := set.book.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, overrides.Retention{Journal: 60}, kept.Retention, "what is as in the file follows the file")
	assert.Equal(t, map[string]string{"en": "Code {code}"}, kept.SMS)
	assert.Equal(t, http.StatusBadRequest, b.post("/settings", "do", "retention", "revision", "2", "retention.journal", "many").status)
	assert.Equal(t, http.StatusBadRequest, b.post("/settings", "do", "everything", "revision", "2").status)

	c := o.as("cleo")
	assert.NotContains(t, c.get("/settings").text, `value="sms"`, "cleo sees one line")
	assert.NotContains(t, c.get("/settings").text, `data-line="orders"`)
	assert.Equal(t, http.StatusForbidden, c.post("/settings", "do", "sms", "revision", "2", "sms.en", "{code}").status)
}

func TestASummaryIsScheduledOnTheScreen(t *testing.T) {
	t.Parallel()
	set := newOverridden()
	o := newOffice(t, func(s *staff.Options) { s.Schedules, s.Overrides = &scheduled{}, set })
	o.hire("business", func(p *people.Person) { p.Lines = []string{"retail"} })
	o.hire("supervisor")
	b := o.as("business")
	fields := func(revision string, more ...string) []string {
		return append([]string{
			"revision", revision, "name", "mondays", "cron", "0 6 * * 1", "tz", "Europe/Berlin", "report", "summary",
			"period", "last_week", "by", "line", "format", "pdf", "language", "de", "to", "ops@bank.example, cleo@bank.example",
			"lines", "retail",
		}, more...)
	}
	page := b.get("/schedules").text
	revision := revisionIn.FindStringSubmatch(page)[1]
	assert.NotContains(t, page, `value="calls"`, "a business user sees no persons")
	require.Equal(t, http.StatusSeeOther, b.post("/schedules", fields(revision)...).status)
	kept, err := set.book.Get(t.Context())
	require.NoError(t, err)
	require.Len(t, kept.Schedules, 1)
	s := kept.Schedules[0]
	assert.Equal(t, []any{"n1", "business", true, "mondays"}, []any{s.Node, s.Author, s.Rounded, s.Name})
	assert.Equal(t, []string{"ops@bank.example", "cleo@bank.example"}, s.Mail.To)
	assert.Empty(t, s.Folder, "no screen writes files")
	assert.Contains(t, b.get("/schedules?edit=mondays").text, `value="mondays"`)

	wrong := b.post("/schedules", replaced(fields("1"), "cron", "now and then")...)
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	assert.Contains(t, wrong.text, "now and then")
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/schedules", replaced(fields("1"), "report", "calls", "by", "")...).status,
		"it lists persons")
	assert.Equal(t, http.StatusForbidden, b.post("/schedules", replaced(fields("1"), "lines", "orders")...).status)
	assert.Equal(t, http.StatusForbidden, b.post("/schedules", replaced(fields("1"), "lines", "")...).status, "all lines")
	assert.Equal(t, http.StatusConflict, b.post("/schedules", fields("9")...).status)

	v := o.as("supervisor")
	require.Equal(t, http.StatusSeeOther, v.post("/schedules", replaced(fields("1"), "lines", "", "name", "all")...).status)
	assert.Equal(t, http.StatusForbidden, b.post("/schedules/all/remove", "revision", "2").status, "it is of all lines")
	assert.NotContains(t, b.get("/schedules?edit=all").text, `value="all"`, "nor read")
	assert.Contains(t, v.get("/schedules?edit=all").text, `value="all"`)
	assert.Equal(t, http.StatusNotFound, b.post("/schedules/none/remove", "revision", "2").status)
	require.Equal(t, http.StatusSeeOther, b.post("/schedules/mondays/remove", "revision", "2").status)
	kept, err = set.book.Get(t.Context())
	require.NoError(t, err)
	require.Len(t, kept.Schedules, 1)
	assert.False(t, kept.Schedules[0].Rounded)
	assert.Equal(t, "business: schedule mondays, business: schedule mondays removed",
		strings.Join([]string{set.done[0], set.done[2]}, ", "))
}

// replaced are fields with other values.
func replaced(fields []string, with ...string) []string {
	for i := 0; i < len(with); i += 2 {
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == with[i] {
				fields[j+1] = with[i+1]
			}
		}
	}
	return fields
}

func TestWithoutNATSTheFileIsStillRead(t *testing.T) {
	t.Parallel()
	set := newOverridden()
	o := newOffice(t, func(s *staff.Options) { s.Settings, s.Overrides = &filed{}, set })
	o.hire("admin")
	set.away = true
	page := o.as("admin").get("/settings")
	require.Equal(t, http.StatusOK, page.status)
	assert.Contains(t, page.text, "/settings/reload")
	assert.NotContains(t, page.text, `value="sms"`)
	assert.Equal(t, http.StatusServiceUnavailable,
		o.as("admin").post("/settings", "do", "sms", "revision", "0", "sms.en", "{code}").status)
}
