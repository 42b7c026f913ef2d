package staff_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/lines/whatif"
	"countersign/session/event"
	"countersign/web/people"
	"countersign/web/staff"
)

func TestCallsAreFoundByFourDigitsCustomerAndTimeOfDay(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	o.hire("supervisor")
	b := o.as("supervisor")
	found := func(query string) int {
		t.Helper()
		got := b.get("/calls?period=today&" + query)
		require.Equal(t, http.StatusOK, got.status, got.text)
		return len(links(got.text, "/calls/call-"))
	}
	assert.Equal(t, 63, found(""))
	assert.Equal(t, 7, found("caller=0011"))
	assert.Equal(t, 16, found("customer=C-1"))
	assert.Equal(t, 16, found("customer=+C-1+"), "pasted with spaces")
	assert.Equal(t, 10, found("clock_from=08:20&clock_to=08:30"))
	assert.Equal(t, 1, found("clock_from=08:20&clock_to=08:30&caller=0011"))
	assert.Equal(t, 3, found("line=orders"))
	assert.Equal(t, 7, found("status=identified&line=retail"))
	assert.Equal(t, 0, found("status=none"))
	assert.Equal(t, http.StatusNotFound, b.get("/calls?clock_from=noon").status)
	got := b.get("/calls?period=today&counted=verified&weekday=wednesday")
	assert.Contains(t, got.text, `name="counted" value="verified"`, "the form keeps what it has no field for")
	assert.Contains(t, got.text, "/calls?period=today\"", "and it can be cleared")
}

func TestCallsComePageByPage(t *testing.T) {
	t.Parallel()
	o, a := archived(t)
	for i := range 90 {
		c := archivedCall(i)
		a.Add(c)
	}
	o.hire("supervisor")
	b := o.as("supervisor")
	first := b.get("/calls?period=today")
	ids := links(first.text, "/calls/call-")
	require.Len(t, ids, 100)
	next := links(first.text, "/calls?older=")
	require.Len(t, next, 1)
	second := b.get(next[0])
	rest := links(second.text, "/calls/call-")
	assert.Len(t, rest, 53)
	for _, id := range rest {
		assert.NotContains(t, ids, id)
	}
	assert.Empty(t, links(second.text, "/calls?older="))
	assert.Contains(t, links(second.text, "/calls?"), "/calls?period=today", "back to the beginning")
	assert.Equal(t, http.StatusOK, b.get("/calls?period=today&older=nonsense").status)
}

func TestAJourneyShowsStepsAgentsAndOtherCalls(t *testing.T) {
	t.Parallel()
	o, _ := archived(t)
	facts := append(verifiedCall(), offered("1001"),
		event.AgentMissed{Agent: "1001", Queue: "support", Via: event.ViaCallcenter, Reason: event.MissedNoAnswer},
		offered("1002"), connected("1002"),
		event.AgentDone{Agent: "1002", Queue: "support", Via: event.ViaCallcenter, End: event.AgentEndCaller,
			WaitedMilliseconds: 7000, TalkedMilliseconds: 61_000})
	for i, d := range facts {
		if e, ok := d.(event.CallEnded); ok {
			e.Customer = "C-1"
			facts[i] = e
		}
	}
	o.happened("call-live", "retail", facts...)
	o.hire("supervisor")
	b := o.as("supervisor")
	for _, language := range []string{"en", "de"} {
		b.header.Set("Accept-Language", language)
		got := b.get("/calls/call-live")
		require.Equal(t, http.StatusOK, got.status, got.text)
		assert.Contains(t, got.text, ">4.0<", "the PIN took 4 s")
		assert.Contains(t, got.text, `<rect class="part-1"`)
		assert.Contains(t, got.text, "1:01", "talked")
		assert.Contains(t, got.text, "1001")
		assert.NotEmpty(t, links(got.text, "/calls/call-0000"), "earlier calls of C-1")
		assert.LessOrEqual(t, len(links(got.text, "/calls/call-0000")), 10)
	}
	assert.Equal(t, http.StatusNotFound, b.get("/calls/none").status)
	o.hire("other", func(p *people.Person) { p.Roles, p.Lines = []role{"supervisor"}, []string{"orders"} })
	assert.Equal(t, http.StatusNotFound, o.as("other").get("/calls/call-live").status, "not their line")
}

// idOnly is a line that asks for nothing.
const idOnly = "format: 1\nline: retail\nnumbers: [\"*\"]\nlanguages: [en]\nidentify: [{ani: {enabled: true}}]\n" +
	"routes: {verified: a XML default, identified: b XML default, unidentified: c XML default}\n"

func withWhatIf(s *staff.Options) {
	s.WhatIf = &staff.WhatIf{Options: func() whatif.Options { return whatif.Options{Region: "DE"} }, Line: func(_ context.Context, name string) (string, error) {
		if name != "retail" {
			return "", nil
		}
		return idOnly + "# in force\n", nil
	}}
}

func TestACallIsTriedOnAnotherLine(t *testing.T) {
	t.Parallel()
	o := newOffice(t, withWhatIf)
	o.happened("call-1", "retail", verifiedCall()...)
	o.hire("supervisor")
	b := o.as("supervisor")
	assert.Contains(t, b.get("/calls/call-1").text, "/calls/call-1/what-if")
	form := b.get("/calls/call-1/what-if")
	require.Equal(t, http.StatusOK, form.status)
	assert.Contains(t, form.text, "# in force", "the file in force is there to be changed")
	got := b.post("/calls/call-1/what-if", "file", idOnly)
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, got.text, `data-verdict="changed"`)
	assert.Contains(t, got.text, "b XML default")
	got = b.post("/calls/call-1/what-if", "file", "format: 1\nline: retail\nnumbres: []\n")
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.text, "numbres")
	assert.Contains(t, got.text, "line: retail", "what was written is still there")
	assert.Equal(t, http.StatusBadRequest, b.post("/calls/call-1/what-if", "file", strings.Repeat("x", 600_000)).status)
}

func TestAListOfCallsIsTriedOnAnotherLine(t *testing.T) {
	t.Parallel()
	o, a := archived(t)
	o2 := newOffice(t, withWhatIf, func(s *staff.Options) { s.Reports = o.pages.Reports })
	o2.at(day.Add(20 * time.Hour))
	for range 3 {
		a.Add(archivedCall(1))
	}
	o2.happened("call-000001", "retail", verifiedCall()...)
	o2.happened("call-000064", "retail", verifiedCall()...)
	o2.hire("supervisor")
	b := o2.as("supervisor")
	list := b.get("/calls?period=today&line=retail")
	require.Contains(t, links(list.text, "/what-if"), "/what-if?line=retail&period=today")
	got := b.do(http.MethodPost, "/what-if?line=retail&period=today", url.Values{"file": {idOnly}})
	require.Equal(t, http.StatusOK, got.status, got.text)
	assert.Contains(t, got.text, "2 of 63 calls tried", "the journal knows two of them")
	assert.Contains(t, links(got.text, "/calls/call-"), "/calls/call-000064")
}
