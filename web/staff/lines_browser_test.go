package staff_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// order is the questions of a form, in the order of the page.
const order = `[...document.querySelectorAll('[data-entries="verify.questions"] [data-entry] strong')].map((e) => e.textContent.trim()).join()`

// A business user re-orders two questions and publishes: by mouse, by keyboard alone. A minute is for a person; what the
// product does of it is counted in steps.
func TestAQuestionIsMovedAndPublishedByMouseAndByKeys(t *testing.T) {
	t.Parallel()
	for name, walk := range map[string]func(b *tab){
		"by a button": func(b *tab) {
			b.click(`[data-entries="verify.questions"] [data-down]`)
		},
		"by dragging": func(b *tab) {
			box := func(selector string) (x, y float64) {
				at := eval[[]float64](b, `(() => { const r = document.querySelector('`+selector+`').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2, r.height]; })()`)
				return at[0], at[1]
			}
			eval[chromedp.Void](b, `document.querySelector('[data-entries="verify.questions"]').scrollIntoView({block: "center"})`)
			x, from := box(`[data-entries="verify.questions"] [data-grip]`)
			_, to := box(`[data-entries="verify.questions"] [data-entry]:nth-child(2)`)
			for _, m := range []struct {
				kind input.DispatchMouseEventType
				y    float64
			}{{input.DispatchMouseEventTypeMousePressed, from}, {input.DispatchMouseEventTypeMouseMoved, (from + to) / 2}, {input.DispatchMouseEventTypeMouseMoved, to + 12}, {input.DispatchMouseEventTypeMouseReleased, to + 12}} {
				_, err := chromedp.Call(b.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{
					Type: m.kind, X: x, Y: m.y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1,
				})
				require.NoError(b.t, err)
			}
		},
		"by keys": func(b *tab) {
			b.tabTo(`[data-entries="verify.questions"] [data-down]`)
			b.press("\r")
			assert.True(b.t, eval[bool](b, `document.activeElement.closest("[data-entry]").querySelector("strong").textContent == "PIN"`), "focus stays with what was moved")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, s := lineOffice(t)
			b := o.open(t)
			b.signIn("business")
			b.goTo("/lines/retail")
			before := eval[string](b, order)
			require.Equal(t, "PIN,date of birth", before)
			walk(b)
			require.Equal(t, "date of birth,PIN", eval[string](b, order))
			save := func(selector string) {
				if name == "by keys" {
					b.tabTo(selector)
					b.press("\r")
					return
				}
				b.click(selector)
			}
			save(`button[value="publish"]`)
			b.await(`location.pathname == "/lines/retail/publish" && document.querySelector("#reason")`)
			assert.Contains(t, eval[string](b, text("main")), "date of birth is now asked before: PIN")
			if name == "by keys" {
				b.tabTo("#reason")
				b.press("they know it")
				b.press("\r")
			} else {
				require.NoError(t, chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.ID("reason"), "they know it")))
				b.click(`form[action$="/publish"] button`)
			}
			b.await(`location.pathname == "/lines/retail/history"`)
			inForce, err := s.Get(context.Background(), "retail")
			require.NoError(t, err)
			assert.Equal(t, 3, inForce.Version)
			assert.Less(t, strings.Index(inForce.YAML, "birth_date"), strings.Index(inForce.YAML, "- pin"))
		})
	}
}

// tabTo presses the tabulator until an element has the focus.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 200 {
		if eval[bool](b, `document.activeElement === document.querySelector('`+selector+`')`) {
			return
		}
		b.press("\t")
	}
	require.Fail(b.t, "never reached by the keyboard", selector)
}

func (b *tab) press(keys string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.KeyEvent(keys)))
}

// The form is left open for a day, and somebody else publishes meanwhile: nothing is overwritten, and nothing is lost.
func TestAFormThatWasLeftOpenForADayOverwritesNothing(t *testing.T) {
	t.Parallel()
	o, s := lineOffice(t)
	b := o.open(t)
	b.signIn("business")
	b.goTo("/lines/retail")
	cleo := o.as("cleo")
	form := lineForm(t, cleo.get("/lines/retail").text, retailLine)
	form.Set("timers.first_digit", "9s")
	require.Equal(t, 303, cleo.do("POST", "/lines/retail", form).status)
	publish := lineForm(t, cleo.get("/lines/retail/publish").text, retailLine)
	publish.Set("reason", "slow callers")
	require.Equal(t, 303, cleo.do("POST", "/lines/retail/publish", publish).status)
	o.later(7 * time.Hour) // as long as a session lasts without a sign of life, less some
	b.click(`[data-entries="verify.questions"] [data-down]`)
	b.click(`button[value="publish"]`)
	b.await(`location.pathname.startsWith("/lines/retail") || location.pathname == "/sign-in"`)
	b.await(`document.querySelector('form[action$="/publish"]') || document.querySelector('form[action$="/rebase"]') || document.querySelector('[role="alert"]')`)
	if eval[bool](b, `!!document.querySelector("#reason")`) {
		require.NoError(t, chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.ID("reason"), "they know it")))
		b.click(`form[action$="/publish"] button`)
		b.await(`document.querySelector('form[action$="/rebase"]')`)
	}
	shown := eval[string](b, text("main"))
	assert.Contains(t, shown, "cleo has put version 3 in force")
	assert.Contains(t, shown, "Time to the first digit: 9s, was 5s")
	inForce, err := s.Get(context.Background(), "retail")
	require.NoError(t, err)
	assert.Equal(t, 3, inForce.Version)
}
