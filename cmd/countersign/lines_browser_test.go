package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/browsertest"
	"countersign/lines"
)

// A business user changes the bank's line in a real browser while 50 callers at a time call: re-orders its questions and
// publishes, begins a version that fails people on purpose with half of the calls, which is returned from by itself,
// and returns by hand to the first version. No call is lost.
func TestALineIsChangedInTheBrowserWhileCallersCall(t *testing.T) {
	t.Parallel()
	if racing {
		t.Skip("the tests in a browser run without the race detector")
	}
	d := startDemoAt(t, "10", 50, 20) // a dead man has 1.8 s: a busy machine is no fault
	ctx := browsertest.Start(t)
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, actions...))
	}
	await := func(expression string) { t.Helper(); browsertest.Await(t, ctx, expression) }
	click := func(selector string) { t.Helper(); do(chromedp.Click(chromedp.CSS(selector))) }
	said := func() string {
		t.Helper()
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](browsertest.Text("main")))
		require.NoError(t, err)
		return text
	}
	goTo := func(path, selector string) {
		t.Helper()
		do(chromedp.Navigate(d.url + path))
		await(`document.querySelector('` + selector + `')`)
	}
	goTo(d.key, `input[value="business"] + button`)
	click(`input[value="business"] + button`)
	await(`document.querySelector('a[href="/lines"]')`)

	goTo("/lines/bank", `[data-entries="verify.questions"] [data-down]`)
	click(`[data-entries="verify.questions"] [data-down]`)
	click(`button[value="publish"]`)
	await(`document.querySelector("#reason")`)
	assert.Contains(t, said(), "is now asked before: PIN")
	do(chromedp.SendKeys(chromedp.ID("reason"), "the authenticator first"))
	click(`form[action$="/publish"] button`)
	await(`document.querySelector('[data-version="2"]')`)

	goTo("/lines/bank/try", `button[value="ring"]`) // on the simulated FreeSWITCH, in the service
	click(`button[value="ring"]`)
	await(`document.querySelector('[data-kind="prompt"]')`)
	click(`button[name="keys"][value="1"]`)
	await(`document.querySelector('[data-kind="keyed"]')`)
	click(`button[value="hang-up"]`)
	await(`document.querySelector('[data-kind="end"]')`)

	text, err := lines.Example("bank")
	require.NoError(t, err)
	bad := strings.NewReplacer("digits: 6, read_back: unattested", "digits: 15, read_back: unattested", "ani: {attestation: A}",
		"ani: {enabled: false}", "digits: 10, check: luhn", "digits: 18").Replace(string(text))
	goTo("/lines/bank/text", "#file")
	do(chromedp.SetValue(chromedp.ID("file"), bad))
	click(`button[value="publish"]`)
	await(`document.querySelector("#reason")`)
	do(chromedp.SendKeys(chromedp.ID("reason"), "fails on purpose"), chromedp.SetValue(chromedp.ID("share"), "50"))
	click(`form[action$="/publish"] button`)
	await(`location.pathname == "/lines/bank/start"`)
	require.Eventually(t, func() bool { // by itself, on a page that is open, once enough callers have called
		over, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector("main").innerText.includes("no start with a share now")`))
		return err == nil && over
	}, 3*browsertest.Patience, 100*time.Millisecond)

	goTo("/lines/bank/history", `[data-version="4"]`)
	top := said()
	assert.Contains(t, top, "as version 2 was")
	assert.Contains(t, top, "countersign")
	assert.Contains(t, top, "unverified: ")
	goTo("/board", "main")
	await(`document.querySelector("main").innerText.includes("returned to the version before")`)
	goTo("/lines/bank/history", `[data-version="1"] summary`)
	click(`[data-version="1"] summary`)
	click(`[data-version="1"] button`)
	await(`document.querySelector('[data-version="5"]')`)
	assert.Contains(t, said(), "Version 5 is in force with the next call.")
	end := d.stop()
	assert.Regexp(t, `; 0 lost\. `, end)
}
