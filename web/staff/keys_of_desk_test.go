package staff_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheKeysOfTheDesk(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	press := func(key string) { require.NoError(t, chromedp.Do(b.ctx, chromedp.KeyEvent(key))) }
	asked := func() int { o.mu.Lock(); defer o.mu.Unlock(); return len(o.asked) }
	askedOnce := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return asked() == n }, patience, tick)
		b.await(`location.pathname == "/desk" && document.querySelector('[data-action="verify"]')`)
	}
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	b.await(`document.querySelector('[data-action="verify"]')`)
	press("j")
	b.await(`document.querySelector("details[open]")`)
	press("v")
	askedOnce(1)

	b.goTo("/me")
	press("v") // there is nothing to verify here
	keep := func(action, key, said string) {
		eval[chromedp.Void](b, `{const f = document.getElementById("key-`+action+`"); f.value = "`+key+`"; f.dispatchEvent(new Event("change"))}`)
		b.await(text("[data-keys-said]") + `.includes("` + said + `")`)
	}
	keep("verify", "o", "the same key")
	keep("verify", "X", "Kept")
	b.click("#present")
	press("x") // typed into a field
	assert.Equal(t, "x", eval[string](b, `document.getElementById("present").value`))
	b.goTo("/desk")
	b.await(`document.querySelector('[data-action="verify"]')`)
	press("v")
	press("x")
	askedOnce(2)
	b.goTo("/me")
	assert.Equal(t, "x", eval[string](b, `document.getElementById("key-verify").value`))
	b.click("[data-keys-usual]")
	assert.Equal(t, "v", eval[string](b, `document.getElementById("key-verify").value`))
	keep("verify", "", "Kept")
	b.goTo("/desk")
	b.await(`document.querySelector('[data-action="verify"]')`)
	press("v")
	press("j")
	b.await(`document.querySelector("details[open]")`)
	assert.Equal(t, 2, asked(), "the key is off")
}

func TestWhoeverIsNotToBeDisturbedHearsNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	// What makes a sound is counted.
	eval[chromedp.Void](b, `globalThis.sounds = 0; globalThis.AudioContext = class { constructor() { globalThis.sounds++; } }`)
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"))...)
	b.await(`document.querySelectorAll(".toast").length == 1 && globalThis.sounds == 1`)
	b.click("[data-undisturbed]")
	o.happened("call-2", "retail", append(verifiedCall(), offered("1001"))...)
	b.await(`document.querySelectorAll(".toast").length == 2`)
	assert.Equal(t, 1, eval[int](b, `globalThis.sounds`))
	b.goTo("/desk")
	assert.True(t, eval[bool](b, `document.querySelector("[data-undisturbed]").checked`))
}
