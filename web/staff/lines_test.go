package staff_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/lines/draft"
	"countersign/lines/edit"
	"countersign/lines/staged"
	"countersign/lines/whatif"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
	"countersign/web/people"
	"countersign/web/staff"
	"countersign/web/tryout"
)

// shelf is lines in memory, as package bus keeps them.
type shelf struct {
	mu   sync.Mutex
	all  map[string][]shared.LineVersion // oldest first
	away bool
	now  time.Time
}

func (s *shelf) All(context.Context) (all []shared.LineVersion, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, versions := range s.all {
		all = append(all, versions[len(versions)-1])
	}
	slices.SortFunc(all, func(a, b shared.LineVersion) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func (s *shelf) Get(_ context.Context, name string) (shared.LineVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if versions := s.all[name]; len(versions) > 0 {
		return versions[len(versions)-1], nil
	}
	return shared.LineVersion{}, shared.ErrNotFound
}

func (s *shelf) History(_ context.Context, name string) (all []shared.LineVersion, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Backward(s.all[name]) {
		all = append(all, v)
	}
	return all, nil
}

func (s *shelf) Put(_ context.Context, name, yaml string, c bus.Change) (v shared.LineVersion, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.all[name]
	if s.away {
		return v, context.DeadlineExceeded
	}
	if len(have) != c.ExpectedVersion {
		return v, &bus.ConflictError{Name: name, Expected: c.ExpectedVersion, Have: have[len(have)-1]}
	}
	v = shared.LineVersion{
		Name: name, Version: len(have) + 1, YAML: yaml, Author: c.Author, Comment: c.Comment, At: s.now,
		RolledBackTo: c.RolledBackTo, Summary: c.Summary, Staged: c.Staged,
	}
	s.all[name] = append(have, v)
	return v, nil
}

const retailLine = `# The shop.
format: 1
line: retail
numbers: ["5000"]
identify:
  - ani: {}
  - number: {name: account, digits: 6-10}
verify:
  level: 2
  questions:
    # What they know.
    - pin: {digits: 4-6}
    - birth_date: {}
routes:
  verified: menu XML default
  identified: agents XML default
`

// withLines gives the screens two lines to change: retail in its second version, and orders.
func withLines(o *staff.Options) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	first := strings.Replace(retailLine, "4-6", "4", 1)
	s := &shelf{now: at, all: map[string][]shared.LineVersion{
		"retail": {
			{Name: "retail", Version: 1, YAML: first, Author: "ada", At: at, Comment: "the first"},
			{Name: "retail", Version: 2, YAML: retailLine, Author: "ada", At: at, Comment: "longer PINs", Summary: []string{"verify.questions[0].pin.digits: 4 → 4-6"}},
		},
		"orders": {{Name: "orders", Version: 1, YAML: strings.NewReplacer("retail", "orders", "5000", "5001").Replace(retailLine), Author: "ada", At: at, Staged: &shared.Staged{
			Percent: 10, Before: 1, First: 1, Since: at, BeforeYAML: retailLine, Bounds: change.UsualBounds,
		}}},
	}}
	o.LineSettings = &staff.LineSettings{
		Prompts: &mouth{sounds: map[string][]byte{}}, Telephones: &handset{},
		Book: s, Drafts: draft.NewBook(shared.NewMemory(), o.Now),
		Plan: func() change.Options { return change.Options{Recorded: func(string, string) bool { return true }} },
		Tally: func(string) (staged.Tally, bool) {
			return staged.Tally{New: staged.Arm{Calls: 40, Unverified: 10}, Before: staged.Arm{Calls: 360, Unverified: 36}}, true
		},
	}
}

var fieldAt = regexp.MustCompile(`(?s)name="(revision|base)" value="([^"]*)"`)

// lineForm is the form of a page as a browser would send it, with nothing changed.
func lineForm(t *testing.T, page string, text string) url.Values {
	t.Helper()
	form, err := lines.FormOf([]byte(text))
	require.NoError(t, err)
	all := url.Values{"file": {text}}
	for _, m := range fieldAt.FindAllStringSubmatch(page, -1) {
		all.Set(m[1], m[2])
	}
	require.Contains(t, all, "revision")
	for _, g := range form.Groups {
		for _, f := range g.Fields {
			all.Set(f.Path, f.Shown())
		}
		for i, e := range g.Entries {
			all.Add(edit.OrderOf(g.Path), []string{"0", "1", "2"}[i])
			for _, f := range e.Fields {
				all.Set(f.Path, f.Shown())
			}
		}
	}
	return all
}

func lineOffice(t *testing.T) (o *office, s *shelf) {
	t.Helper()
	o = newOffice(t, withLines)
	o.hire("business")
	o.hire("cleo", func(p *people.Person) { p.Roles = []role{"business"} })
	return o, o.pages.LineSettings.Book.(*shelf)
}

func TestALineIsChangedAndPublished(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	b := o.as("business")
	list := b.get("/lines")
	require.Equal(t, http.StatusOK, list.status, list.text)
	assert.Contains(t, list.text, `data-line="orders"`)
	page := b.get("/lines/retail")
	require.Equal(t, http.StatusOK, page.status, page.text)
	form := lineForm(t, page.text, retailLine)
	form.Set("verify.questions[0].pin.reasks", "1")
	form[edit.OrderOf("verify.questions")] = []string{"1", "0"}
	form.Set("then", "publish")
	saved := b.do(http.MethodPost, "/lines/retail", form)
	require.Equal(t, http.StatusSeeOther, saved.status, saved.text)
	assert.Equal(t, "/lines/retail/publish?saved=1", saved.header.Get("Location"))
	all, _ := s.All(t.Context())
	assert.Equal(t, 2, all[1].Version, "nothing is published by saving")

	check := b.get("/lines/retail/publish")
	assert.Contains(t, check.text, "date of birth is now asked before: PIN")
	assert.Contains(t, check.text, "PIN: Asked again: 1, was 2")
	assert.Contains(t, check.text, "Not tried on calls", "this office keeps none")
	publish := lineForm(t, check.text, retailLine)
	noReason := b.do(http.MethodPost, "/lines/retail/publish", publish)
	assert.Equal(t, http.StatusUnprocessableEntity, noReason.status)
	assert.Contains(t, noReason.text, "A reason is missing")
	publish.Set("reason", "callers know their birthday")
	done := b.do(http.MethodPost, "/lines/retail/publish", publish)
	require.Equal(t, http.StatusSeeOther, done.status, done.text)
	inForce, _ := s.Get(t.Context(), "retail")
	assert.Equal(t, 3, inForce.Version)
	assert.Equal(t, "business", inForce.Author)
	assert.Equal(t, "callers know their birthday", inForce.Comment)
	assert.Contains(t, inForce.YAML, "    - birth_date: {}\n    # What they know.\n    - pin: {digits: 4-6, reasks: 1}\n", "comments survive")
	assert.Contains(t, b.get(done.header.Get("Location")).text, "Version 3 is in force with the next call.")
	assert.NotContains(t, b.get("/lines").text, "Draft by", "it is gone")
	entry := o.audited[len(o.audited)-1]
	assert.Equal(t, audit.LineApplied+" line retail version 2 → 3", entry.Action+" "+entry.Object+" "+entry.Detail)
}

func TestEveryMistakeStandsAtItsField(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	b := o.as("business")
	form := lineForm(t, b.get("/lines/retail").text, retailLine)
	form.Set("verify.questions[0].pin.digits", "many")
	form.Set("timers.first_digit", "2s")
	form.Set("routes.verified", "nowhere")
	saved := b.do(http.MethodPost, "/lines/retail", form)
	require.Equal(t, http.StatusSeeOther, saved.status, "a draft may have mistakes: nothing is lost")
	page := b.get("/lines/retail").text
	for _, field := range []string{"verify.questions[0].pin.digits", "timers.first_digit", "routes.verified"} {
		at := strings.Index(page, `name="`+field+`"`)
		require.Positive(t, at, field)
		assert.Contains(t, page[at:at+400], `aria-invalid="true"`, field)
	}
	assert.Contains(t, page, "3 mistakes")
	b.header.Set("Accept-Language", "de")
	assert.Contains(t, b.get("/lines/retail").text, "ist kein Bereich: Schreiben Sie 6 oder 4-6")
	assert.Contains(t, b.get("/lines/retail/text").text, "ist kein Bereich: Schreiben Sie 6 oder 4-6")
	b.header.Del("Accept-Language")
	check := b.get("/lines/retail/publish").text
	assert.NotContains(t, check, `name="reason"`)
	publish := lineForm(t, page, retailLine)
	publish.Set("reason", "because")
	assert.Equal(t, http.StatusUnprocessableEntity, b.do(http.MethodPost, "/lines/retail/publish", publish).status)
	inForce, _ := s.Get(t.Context(), "retail")
	assert.Equal(t, 2, inForce.Version)
}

func TestWithoutScriptsButtonsMoveAddAndRemove(t *testing.T) {
	t.Parallel()
	o, _ := lineOffice(t)
	b := o.as("business")
	now := func() string {
		d, err := o.pages.LineSettings.Drafts.Get(t.Context(), "retail")
		require.NoError(t, err)
		return d.Text
	}
	press := func(text, do string) {
		form := lineForm(t, b.get("/lines/retail").text, text)
		form.Set("do", do)
		got := b.do(http.MethodPost, "/lines/retail", form)
		require.Equal(t, http.StatusSeeOther, got.status, got.text)
	}
	press(retailLine, "down:verify.questions:0")
	assert.Less(t, strings.Index(now(), "birth_date"), strings.Index(now(), "- pin"))
	press(now(), "add:verify.questions:sms_code")
	assert.Contains(t, now(), "    - sms_code: {}\n")
	press(now(), "remove:verify.questions:0")
	assert.NotContains(t, now(), "birth_date")
	for _, wrong := range []string{"up:verify.questions", "jump:verify.questions:1", "up:verify.questions:x", "up:nowhere:1", "add:verify.questions:"} {
		form := lineForm(t, b.get("/lines/retail").text, now())
		form.Set("do", wrong)
		assert.Equal(t, http.StatusBadRequest, b.do(http.MethodPost, "/lines/retail", form).status, wrong)
	}
	form := lineForm(t, b.get("/lines/retail").text, now())
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/discard", form).status)
	assert.NotContains(t, b.get("/lines/retail").text, "Draft by")
}

func TestTwoEditorsNeverOverwriteEachOther(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	ada, cleo := o.as("business"), o.as("cleo")
	change := func(b *browser, page, setting, value string) reply {
		form := lineForm(t, page, retailLine)
		form.Set(setting, value)
		return b.do(http.MethodPost, "/lines/retail", form)
	}
	first, second := ada.get("/lines/retail").text, cleo.get("/lines/retail").text
	require.Equal(t, http.StatusSeeOther, change(ada, first, "timers.first_digit", "7s").status)
	conflict := change(cleo, second, "verify.level", "3")
	require.Equal(t, http.StatusConflict, conflict.status)
	assert.Contains(t, conflict.text, "business saved this draft")
	assert.Contains(t, conflict.text, "Time to answer: Time to the first digit: 7s, was 5s", "both are there")
	assert.Contains(t, conflict.text, "<ins>+   level: 3</ins>", "a draft with mistakes is compared as text")
	d, err := o.pages.LineSettings.Drafts.Get(t.Context(), "retail")
	require.NoError(t, err)
	assert.Equal(t, "business", d.Author)

	// A third, on the command line, puts a version in force meanwhile.
	_, err = s.Put(t.Context(), "retail", strings.Replace(retailLine, "menu XML", "bank XML", 1), bus.Change{Author: "root", ExpectedVersion: 2})
	require.NoError(t, err)
	publish := lineForm(t, ada.get("/lines/retail/publish").text, d.Text)
	publish.Set("reason", "slow callers")
	overtaken := ada.do(http.MethodPost, "/lines/retail/publish", publish)
	require.Equal(t, http.StatusConflict, overtaken.status)
	assert.Contains(t, overtaken.text, "root has put version 3 in force")
	assert.Contains(t, overtaken.text, "Where calls go: Verified: bank XML default, was menu XML default")
	inForce, _ := s.Get(t.Context(), "retail")
	assert.Equal(t, 3, inForce.Version, "nothing was overwritten")
	publish.Set("seen", "3")
	require.Equal(t, http.StatusSeeOther, ada.do(http.MethodPost, "/lines/retail/rebase", publish).status)
	d, err = o.pages.LineSettings.Drafts.Get(t.Context(), "retail")
	require.NoError(t, err)
	assert.Equal(t, 3, d.Base)
	publish = lineForm(t, ada.get("/lines/retail/publish").text, d.Text)
	publish.Set("reason", "slow callers")
	require.Equal(t, http.StatusSeeOther, ada.do(http.MethodPost, "/lines/retail/publish", publish).status)
	inForce, _ = s.Get(t.Context(), "retail")
	assert.Equal(t, 4, inForce.Version)
	again := ada.do(http.MethodPost, "/lines/retail/publish", publish)
	assert.Equal(t, http.StatusConflict, again.status, "a page that was left open publishes nothing twice")
	assert.Contains(t, again.text, "published or discarded meanwhile")
}

func TestAnEarlierVersionIsComparedAndComesBack(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	b := o.as("business")
	history := b.get("/lines/retail/history?a=1&b=2")
	require.Equal(t, http.StatusOK, history.status)
	assert.Contains(t, history.text, "PIN: Digits: 4-6, was 4")
	assert.Contains(t, history.text, "<del>-     - pin: {digits: 4}</del>")
	assert.Contains(t, history.text, "longer PINs")
	form := func(version, base, reason string) reply {
		return b.post("/lines/retail/return", "version", version, "base", base, "reason", reason)
	}
	assert.Equal(t, http.StatusConflict, form("1", "1", "why").status, "another version is in force")
	assert.Equal(t, http.StatusConflict, form("2", "2", "why").status, "it is in force")
	assert.Equal(t, http.StatusNotFound, form("9", "2", "why").status)
	assert.Equal(t, http.StatusUnprocessableEntity, form("1", "2", " ").status)
	require.Equal(t, http.StatusSeeOther, form("1", "2", "too many wrong PINs").status)
	inForce, _ := s.Get(t.Context(), "retail")
	assert.Equal(t, 3, inForce.Version)
	assert.Equal(t, 1, inForce.RolledBackTo)
	assert.Equal(t, audit.LineRolledBack, o.audited[len(o.audited)-1].Action)
}

func TestWithoutNATSADraftIsKeptAndNothingPublished(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	b := o.as("business")
	form := lineForm(t, b.get("/lines/retail").text, retailLine)
	form.Set("timers.first_digit", "7s")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail", form).status)
	publish := lineForm(t, b.get("/lines/retail/publish").text, retailLine)
	publish.Set("reason", "why")
	s.away = true
	got := b.do(http.MethodPost, "/lines/retail/publish", publish)
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Contains(t, got.text, "Nothing was changed, and your draft is kept")
	s.away = false
	assert.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/publish", publish).status)
}

func TestTheTextIsTheSameDocument(t *testing.T) {
	t.Parallel()
	o, _ := lineOffice(t)
	b := o.as("business")
	form := lineForm(t, b.get("/lines/retail/text").text, retailLine+"region: DE\r\n")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/text", form).status)
	assert.Contains(t, b.get("/lines/retail").text, `name="region" value="DE"`)
	form = lineForm(t, b.get("/lines/retail/text").text, retailLine)
	form.Set("file", "format: [")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/text", form).status, "nothing is lost")
	assert.Contains(t, b.get("/lines/retail/text").text, "this is not YAML")
	assert.Contains(t, b.get("/lines/retail").text, "this is not YAML")
	form.Set("file", strings.Repeat("x", lines.MaxSize+1))
	assert.Equal(t, http.StatusBadRequest, b.do(http.MethodPost, "/lines/retail/text", form).status)
}

func TestOnlyTheirLinesAreChanged(t *testing.T) {
	t.Parallel()
	o, _ := lineOffice(t)
	o.hire("dora", func(p *people.Person) { p.Roles, p.Lines = []role{"business"}, []string{"orders"} })
	b := o.as("dora")
	assert.NotContains(t, b.get("/lines").text, `data-line="retail"`)
	assert.Equal(t, http.StatusForbidden, b.get("/lines/retail").status)
	assert.Equal(t, http.StatusForbidden, b.post("/lines/retail/return", "version", "1", "base", "2", "reason", "x").status)
	assert.Equal(t, http.StatusOK, b.get("/lines/orders").status)
	assert.Equal(t, http.StatusNotFound, o.as("business").get("/lines/none").status)
}

func TestEverySettingOfALineHasItsWords(t *testing.T) {
	t.Parallel()
	o, _ := lineOffice(t)
	for _, language := range []string{"en", "de"} {
		b := o.as("business")
		b.header.Set("Accept-Language", language)
		page := b.get("/lines/retail").text
		for _, missing := range []string{"setting ", "group ", "kind ", "choice "} {
			assert.NotRegexp(t, `>`+missing+`[a-z]`, page, "a text is missing")
		}
	}
	for _, setting := range lines.Settings() {
		assert.True(t, staff.HasLabel(setting), setting)
	}
}

// The evidence before publishing is what a what-if of the same calls says, to the call.
func TestTheEvidenceIsThatOfAWhatIf(t *testing.T) {
	t.Parallel()
	base, _ := archived(t)
	o := newOffice(t, withWhatIf, withLines, func(s *staff.Options) { s.Reports = base.pages.Reports })
	o.at(day.Add(20 * time.Hour))
	o.happened("call-000001", "retail", verifiedCall()...)
	o.happened("call-000002", "retail", verifiedCall()...)
	o.hire("business")
	b := o.as("business")
	form := lineForm(t, b.get("/lines/retail/text").text, idOnly)
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/text", form).status)
	check := b.get("/lines/retail/publish").text
	assert.Contains(t, check, `data-calls="2" data-more="0" data-less="2" data-unknown="0"`)
	assert.Contains(t, check, "the last 2 of 60 calls")
	assert.Contains(t, check, "4.0 seconds shorter", "without the PIN")
	assert.Contains(t, check, "verified to agents XML default → identified", "each with its calls")
	assert.Empty(t, links(check, "/calls/call-"), "a business user sees no persons")
	o.hire("admin")
	assert.Contains(t, links(o.as("admin").get("/lines/retail/publish").text, "/calls/call-"), "/calls/call-000001")

	def, err := lines.Parse("line", []byte(idOnly))
	require.NoError(t, err)
	trial, err := whatif.New([]*lines.Definition{def}, whatif.Options{Region: "DE"})
	require.NoError(t, err)
	for _, call := range []string{"call-000001", "call-000002"} {
		result := trial.Run(t.Context(), o.calls[call])
		assert.Equal(t, whatif.Changed, result.Verdict)
		assert.InDelta(t, 4, result.Shorter, 0.001)
	}
}

func TestTheEvidenceOfEachKindOfCall(t *testing.T) {
	t.Parallel()
	verified, none := whatif.Outcome{Status: event.StatusVerified}, whatif.Outcome{Status: event.StatusNone}
	identified := whatif.Outcome{Status: event.StatusIdentified}
	e := staff.EvidenceOf(
		whatif.Result{Verdict: whatif.Changed, Before: none, After: &verified, Shorter: 2},
		whatif.Result{Verdict: whatif.Changed, Before: none, After: &verified},
		whatif.Result{Verdict: whatif.Changed, Before: verified, After: &none},
		whatif.Result{Verdict: whatif.Changed, Before: identified, After: &none, Shorter: -6},
		whatif.Result{Verdict: whatif.Same, Before: verified, After: &verified},
		whatif.Result{Verdict: whatif.Unknown, Before: verified, Why: "never asked"},
	)
	assert.Equal(t, []int{6, 2, 1, 1, 1}, []int{e.Calls, e.More.N, e.Less.N, e.Elsewhere.N, e.Doubtful.N})
	assert.Equal(t, 1, e.Verified())
	assert.InDelta(t, -0.8, e.Shorter, 0.001, "the mean of those that can be known")
}

func TestThePriceOfAQuestionStandsBesideIt(t *testing.T) {
	t.Parallel()
	base, _ := archived(t)
	o := newOffice(t, withLines, func(s *staff.Options) { s.Reports = base.pages.Reports })
	o.at(day.Add(20 * time.Hour))
	o.hire("business")
	page := o.as("business").get("/lines/retail").text
	assert.Regexp(t, `Of 60 calls in 30 days: [0-9.]+ s in the middle; silent 0 %, wrong 100 %, not at hand 0 %, hung up 0 %; lost at it 12 %\.`, page)
}

func TestADraftBeginsWithAShareOfTheCalls(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	b := o.as("business")
	form := lineForm(t, b.get("/lines/retail").text, retailLine)
	form.Set("timers.first_digit", "7s")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail", form).status)
	publish := lineForm(t, b.get("/lines/retail/publish").text, retailLine)
	publish.Set("reason", "slow callers")
	publish.Set("share", "10")
	publish.Set("bound_unverified", "2,5")
	for _, wrong := range []string{"0", "100", "x"} {
		bad := url.Values{}
		for k, v := range publish {
			bad[k] = v
		}
		bad["share"] = []string{wrong}
		assert.GreaterOrEqual(t, b.do(http.MethodPost, "/lines/retail/publish", bad).status, 400, wrong)
	}
	done := b.do(http.MethodPost, "/lines/retail/publish", publish)
	require.Equal(t, http.StatusSeeOther, done.status, done.text)
	inForce, _ := s.Get(t.Context(), "retail")
	require.NotNil(t, inForce.Staged)
	assert.Equal(t, 10, inForce.Staged.Percent)
	assert.Equal(t, 2, inForce.Staged.Before)
	assert.Equal(t, shared.Bounds{Unverified: 2.5, Abandoned: 5, Errors: 2}, inForce.Staged.Bounds)
	start := b.get(done.header.Get("Location"))
	require.Equal(t, http.StatusOK, start.status)
	assert.Contains(t, start.text, "Version 3 has 10 % of the calls, the others stay on version 2.")
	assert.Regexp(t, `25\.0 %</td><td class="number">10\.0 %</td><td class="number">15\.0 \([0-9.]+ … [0-9.]+\)</td><td class="number">2\.5<`, start.text)
	assert.Contains(t, b.get("/lines/retail").text, "Version 3 has 10 % of the calls")
	change := func(share, base, reason string) reply {
		return b.post("/lines/retail/start", "share", share, "base", base, "reason", reason)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, change("50", "3", "").status)
	assert.Equal(t, http.StatusConflict, change("50", "2", "why").status)
	assert.Equal(t, http.StatusBadRequest, change("150", "3", "why").status)
	require.Equal(t, http.StatusSeeOther, change("50", "3", "it is as good").status)
	inForce, _ = s.Get(t.Context(), "retail")
	assert.Equal(t, 50, inForce.Staged.Percent)
	assert.Equal(t, 2, inForce.Staged.Before, "the start goes on")
	require.Equal(t, http.StatusSeeOther, change("none", "4", "too slow").status)
	inForce, _ = s.Get(t.Context(), "retail")
	assert.Nil(t, inForce.Staged)
	assert.Equal(t, retailLine, inForce.YAML)
	assert.Equal(t, 2, inForce.RolledBackTo)
	assert.Equal(t, http.StatusConflict, change("all", "5", "why").status, "it is over")
	assert.Contains(t, b.get("/lines/retail/start").text, "no start with a share now")
}

func TestASecondPersonPublishes(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	o.pages.LineSettings.NeedsTwo = func() bool { return true }
	ada, cleo := o.as("business"), o.as("cleo")
	form := lineForm(t, ada.get("/lines/retail").text, retailLine)
	form.Set("timers.first_digit", "7s")
	require.Equal(t, http.StatusSeeOther, ada.do(http.MethodPost, "/lines/retail", form).status)
	own := ada.get("/lines/retail/publish")
	assert.Contains(t, own.text, "A second person publishes it")
	assert.NotContains(t, own.text, `name="reason"`)
	publish := url.Values{"reason": {"slow callers"}, "file": {""}, "base": {"2"}, "revision": {fieldAt.FindStringSubmatch(ada.get("/lines/retail").text)[2]}}
	assert.Equal(t, http.StatusForbidden, ada.do(http.MethodPost, "/lines/retail/publish", publish).status)
	second := lineForm(t, cleo.get("/lines/retail/publish").text, retailLine)
	second.Set("reason", "slow callers")
	require.Equal(t, http.StatusSeeOther, cleo.do(http.MethodPost, "/lines/retail/publish", second).status)
	inForce, _ := s.Get(t.Context(), "retail")
	assert.Equal(t, "cleo", inForce.Author)
	back := ada.post("/lines/retail/return", "version", "2", "base", "3", "reason", "too slow")
	assert.Equal(t, http.StatusSeeOther, back.status, "the way back takes one person")
}

// mouth speaks everything at once, and keeps what is uploaded.
type mouth struct {
	mu     sync.Mutex
	sounds map[string][]byte
}

func (m *mouth) Sound(language, prompt string, own *session.Replacement) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if own == nil {
		return []byte("RIFF usual " + language + " " + prompt), language != "fr"
	}
	wav, ok := m.sounds[language+own.Text+own.File]
	return wav, ok
}

func (m *mouth) Speak(_ context.Context, language, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sounds[language+text] = []byte("RIFF spoken " + text)
	return nil
}

func (m *mouth) Keep(ctx context.Context, language string, sound []byte) (string, error) {
	wav, err := prompts.Recorded(ctx, sound)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sounds[language+prompts.RecordedName(wav)] = wav
	return prompts.RecordedName(wav), nil
}

// upload posts a form with a file.
func (b *browser) upload(path string, values map[string]string, name string, sound []byte) reply {
	b.o.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range values {
		require.NoError(b.o.t, form.WriteField(k, v))
	}
	file, err := form.CreateFormFile("sound", name)
	require.NoError(b.o.t, err)
	_, err = file.Write(sound)
	require.NoError(b.o.t, err)
	require.NoError(b.o.t, form.Close())
	r, err := http.NewRequestWithContext(b.o.t.Context(), http.MethodPost, b.o.url+path, &body)
	require.NoError(b.o.t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return b.send(r)
}

func TestPromptsAreHeardWordedAndUploaded(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	o.pages.LineSettings.Prompts = &mouth{sounds: map[string][]byte{}}
	b := o.as("business")
	page := b.get("/lines/retail/prompts")
	require.Equal(t, http.StatusOK, page.status, page.text)
	assert.Contains(t, page.text, `id="p-ask-pin"`)
	sound := b.get("/lines/retail/prompts/en/ask-pin/sound")
	assert.Equal(t, "RIFF usual en ask-pin", sound.text)
	assert.Equal(t, "audio/wav", sound.header.Get("Content-Type"))
	revision := func() string {
		d, _ := o.pages.LineSettings.Drafts.Get(t.Context(), "retail") // 0, or that of the one that is gone
		return strconv.FormatUint(d.Revision, 10)
	}
	now := func() string {
		d, err := o.pages.LineSettings.Drafts.Get(t.Context(), "retail")
		require.NoError(t, err)
		return d.Text
	}
	const at = "/lines/retail/prompts/en/greeting"
	worded := b.upload(at, map[string]string{"do": "text", "text": "Hello: it's us.", "revision": revision()}, "", nil)
	require.Equal(t, http.StatusSeeOther, worded.status, worded.text)
	assert.Contains(t, now(), `prompts: {greeting: {en: {text: "Hello: it's us."}}}`)
	assert.Equal(t, "RIFF spoken Hello: it's us.", b.get(at+"/sound").text, "it is heard before it is published")
	assert.Equal(t, "RIFF usual en greeting", b.get(at+"/sound?of=force").text, "beside the old one")
	assert.Equal(t, http.StatusConflict, b.upload(at, map[string]string{"do": "text", "text": "x", "revision": "999"}, "", nil).status)

	wav := tone()
	kept := b.upload(at, map[string]string{"do": "upload", "revision": revision()}, "../../etc/passwd;rm -rf.wav", wav)
	require.Equal(t, http.StatusSeeOther, kept.status, kept.text)
	assert.Regexp(t, `greeting: \{en: \{file: rec-[0-9a-f]{32}\.wav\}\}`, now(), "its user's name for it is nowhere")
	for says, wrong := range map[string][]byte{
		"this is no sound": []byte("<svg onload=alert(1)>"), "cut short": append([]byte{}, wav[:len(wav)-10]...),
		"at least 0.2": wav[:44],
	} {
		if says == "at least 0.2" {
			wrong = append([]byte{}, wav[:44]...)
			binary.LittleEndian.PutUint32(wrong[40:], 0)
			says = "the WAV is empty"
		}
		got := b.upload(at, map[string]string{"do": "upload", "revision": revision()}, "x.wav", wrong)
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, says)
		assert.Contains(t, got.text, says)
	}
	big := b.upload(at, map[string]string{"do": "upload", "revision": revision()}, "x.wav", make([]byte, prompts.MaxUpload+128<<10))
	assert.Equal(t, http.StatusRequestEntityTooLarge, big.status)
	for _, wrong := range []string{"/lines/retail/prompts/de/greeting", "/lines/retail/prompts/en/no-such", "/lines/retail/prompts/..%2Fen/greeting"} {
		assert.Equal(t, http.StatusBadRequest, b.upload(wrong, map[string]string{"do": "text", "text": "x", "revision": revision()}, "", nil).status, wrong)
	}
	publish := lineForm(t, b.get("/lines/retail/publish").text, now())
	assert.Contains(t, b.get("/lines/retail/publish").text, "Own wordings")
	publish.Set("reason", "a warmer voice")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/publish", publish).status)
	usual := b.upload(at, map[string]string{"do": "usual", "revision": revision()}, "", nil)
	require.Equal(t, http.StatusSeeOther, usual.status, usual.text)
	assert.Equal(t, retailLine, now(), "and back")
	inForce, _ := s.Get(t.Context(), "retail")
	assert.Contains(t, inForce.YAML, "rec-")
}

func TestAMissingTranslationIsListed(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	o.pages.LineSettings.Prompts = &mouth{sounds: map[string][]byte{}}
	s.all["retail"][1].YAML = retailLine + "languages: [en, fr]\n"
	page := o.as("business").get("/lines/retail/prompts").text
	assert.Contains(t, page, `<a href="#p-ask-pin-fr">ask-pin (fr)</a>`)
	assert.NotContains(t, page, `<a href="#p-ask-pin-en">`)
}

// tone is a WAV of a second.
func tone() []byte {
	wav := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"), make([]byte, 20)...)
	binary.LittleEndian.PutUint32(wav[24:], 8000)
	binary.LittleEndian.PutUint32(wav[28:], 16000)
	binary.LittleEndian.PutUint16(wav[32:], 2)
	binary.LittleEndian.PutUint16(wav[34:], 16)
	copy(wav[36:], "data")
	binary.LittleEndian.PutUint32(wav[40:], 16000)
	for i := range 8000 {
		wav = binary.LittleEndian.AppendUint16(wav, uint16(int16(9000*math.Sin(float64(i)/2))))
	}
	return wav
}

// handset is a telephone whose calls end by the hash key.
type handset struct {
	said []tryout.Said
	rang []string
}

func (h *handset) Ring(_, text string, _ bool) (string, error) {
	if _, err := lines.Parse("line", []byte(text)); err != nil {
		return "", err
	}
	h.said = []tryout.Said{{Kind: "prompt", Text: "Welcome <there>.", Language: "en", Prompt: "greeting"}}
	return "call-1", nil
}

func (h *handset) Look(_, id string) (tryout.View, error) {
	if id != "call-1" {
		return tryout.View{}, tryout.ErrOver
	}
	over := h.said[len(h.said)-1].Kind == "end"
	return tryout.View{ID: id, Said: h.said, Asked: !over, Over: over}, nil
}

func (h *handset) Press(_, _, keys string) error {
	h.said = append(h.said, tryout.Said{Kind: "keyed", Text: keys})
	if strings.HasSuffix(keys, "#") {
		h.said = append(h.said, tryout.Said{Kind: "end", Text: "menu XML default", Status: event.StatusVerified, Reason: event.ReasonOK})
	}
	return nil
}

func (h *handset) CanRing() bool { return true }

func (h *handset) RingOn(person, telephone, _ string, known bool) (string, error) {
	h.rang = append(h.rang, fmt.Sprintf("%s %s %t", person, telephone, known))
	return "call-2", nil
}

func (h *handset) HangUp(string, string) error {
	h.said = append(h.said, tryout.Said{Kind: "end"})
	return nil
}

func TestADraftIsCalledFromItsPage(t *testing.T) {
	t.Parallel()
	o, _ := lineOffice(t)
	b := o.as("business")
	const at = "/lines/retail/try"
	assert.Contains(t, b.get(at).text, "every answer that does not end in 0 is right")
	rung := b.post(at, "do", "ring")
	require.Equal(t, http.StatusSeeOther, rung.status, rung.text)
	page := b.get(rung.header.Get("Location"))
	assert.Contains(t, page.text, "Welcome &lt;there&gt;.")
	assert.Contains(t, page.text, "Keys are waited for.")
	b.header.Set("X-Part", "1")
	assert.Equal(t, http.StatusNoContent, b.post(at, "do", "press", "call", "call-1", "keys", "12#").status)
	part := b.get(at + "?call=call-1")
	assert.Contains(t, part.text, `data-over="true"`)
	assert.Contains(t, part.text, "The call goes to <code>menu XML default</code>")
	assert.NotContains(t, part.text, "<html")
	assert.Equal(t, http.StatusNotFound, b.get(at+"?call=another").status)
	b.header.Del("X-Part")
	assert.Equal(t, http.StatusBadRequest, b.post(at, "do", "jump").status)
	form := lineForm(t, b.get("/lines/retail/text").text, retailLine)
	form.Set("file", "format: 9")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/lines/retail/text", form).status)
	assert.Equal(t, http.StatusConflict, b.post(at, "do", "ring").status, "it has mistakes")
}

func TestADraftRingsOnesOwnTelephoneAndNoOther(t *testing.T) {
	t.Parallel()
	o, _ := lineOffice(t)
	o.hire("dora", func(p *people.Person) {
		p.Roles, p.Agents = []role{"business"}, []string{"1042", "dora@bank.example", "1043!a}b"}
	})
	const at = "/lines/retail/try"
	b := o.as("dora")
	page := b.get(at).text
	assert.Contains(t, page, "Ring me on 1042")
	assert.Contains(t, page, "Ring me on dora@bank.example")
	assert.NotContains(t, page, "Ring me on 1043", "it is no telephone")
	rung := b.post(at, "ring_on", "1042", "known", "1")
	require.Equal(t, http.StatusSeeOther, rung.status, rung.text)
	assert.Equal(t, at+"?call=call-2", rung.header.Get("Location"))
	for _, other := range []string{"1041", "+15550100", "1043!a}b"} {
		assert.Equal(t, http.StatusForbidden, b.post(at, "ring_on", other).status, other)
	}
	assert.Equal(t, []string{"dora 1042 true"}, o.pages.LineSettings.Telephones.(*handset).rang)
	assert.Contains(t, o.as("business").get(at).text, "have an administrator write it on your page")
}
