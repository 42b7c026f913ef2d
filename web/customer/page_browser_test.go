package customer

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/browsertest"
	"countersign/session"
	"countersign/session/sessiontest"
	"countersign/steps"
)

// tab is a customer's browser, as small as a telephone, with a device that has passkeys.
type tab struct {
	context.Context
	t   *testing.T
	h   *house
	axe string
}

func (h *house) browser(t *testing.T) *tab {
	t.Helper()
	b := &tab{Context: browsertest.Start(t), t: t, h: h}
	if file := os.Getenv("AXE"); file != "" {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		b.axe = string(text)
	}
	_, err := chromedp.Call(b.Context, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 320, Height: 640, DeviceScaleFactor: 1, Mobile: true,
	})
	require.NoError(t, err)
	_, err = chromedp.Call(b.Context, webauthn.Enable, webauthn.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.Context, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	require.NoError(t, err)
	return b
}

func (b *tab) goTo(address string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.h.URL + address
	}
	require.NoError(b.t, chromedp.Do(b.Context, chromedp.Navigate(address)))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.Context, chromedp.Evaluate[chromedp.Void](`document.querySelector("`+selector+`").click()`)))
}

func (b *tab) says(text string) {
	b.t.Helper()
	browsertest.Await(b.t, b.Context, browsertest.Text("main")+`.includes("`+text+`")`)
}

// picture takes one of the page into the folder that SCREENSHOTS names, if it names one.
func (b *tab) picture(of string) {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(folder, 0o755))
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, "my-"+strings.ReplaceAll(of, " ", "-")+".png"), picture, 0o600))
}

// accessible checks the page with axe-core, light and dark, and that it fits a telephone with text at twice its size.
func (b *tab) accessible(what string) {
	b.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		_, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		require.NoError(b.t, err)
		b.picture(what + " " + theme)
		if b.axe == "" {
			continue
		}
		require.NoError(b.t, chromedp.Do(b.Context, chromedp.Evaluate[chromedp.Void](b.axe)))
		got, err := chromedp.Run(b.Context, chromedp.Evaluate[[]string](`axe.run({
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		}).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")))`, chromedp.EvalAwaitPromise))
		require.NoError(b.t, err)
		assert.Empty(b.t, got, "%s, %s", what, theme)
	}
	got, err := chromedp.Run(b.Context, chromedp.Evaluate[bool](`(() => {
		document.documentElement.style.fontSize = "200%";
		const fits = document.documentElement.scrollWidth <= innerWidth;
		document.documentElement.style.fontSize = "";
		return fits;
	})()`))
	require.NoError(b.t, err)
	assert.True(b.t, got, "%s: too wide with text at 200 %%", what)
}

// signsIn comes from the company's own log-in.
func (b *tab) signsIn(customer string) {
	b.t.Helper()
	raw := b.h.token(customer)
	b.goTo("/my/open")
	require.NoError(b.t, chromedp.Do(b.Context, chromedp.Evaluate[chromedp.Void](`(() => {
		const form = document.createElement("form");
		form.method = "post"; form.action = "/my/token";
		const input = document.createElement("input");
		input.name = "token"; input.value = "`+raw+`";
		form.append(input); document.body.append(form); form.submit();
	})()`)))
	b.says("You signed in on our website.")
}

// phones are the telephones on file.
type directory struct{ steps.Directory }

func (directory) ByPhone(context.Context, string) ([]session.Customer, error) {
	return []session.Customer{{ID: "C-1", Name: "Ada"}}, nil
}

func (directory) Phones(context.Context, string) ([]session.Phone, error) {
	return []session.Phone{{E164: "+4917139200001"}}, nil
}

type sends struct{}

func (sends) MaySend(context.Context, session.Sending) (bool, time.Time) { return true, time.Time{} }
func (sends) NotSent(context.Context, session.Sending)                   {}

// patient is a channel on which silence takes its time.
type patient struct{ *sessiontest.Channel }

func (w patient) Collect(ctx context.Context, c session.Collect) (session.Entry, error) {
	e, err := w.Channel.Collect(ctx, c)
	if err == nil && e.Class == session.NoInput {
		select {
		case <-ctx.Done():
		case <-time.After(c.FirstDigit):
		}
	}
	return e, err
}

// rings runs a call of the customer on a line that asks on their page, and returns its channel and how it went on.
func (h *house) rings(t *testing.T) (ch *sessiontest.Channel, handedOn chan session.Handover) {
	t.Helper()
	to := session.Destination{Extension: "menu", Dialplan: "XML", Context: "default"}
	step := steps.AppLink{
		Directory: directory{}, Sends: sends{}, Prompt: "ask-app-link", Again: "ask-app-link-again",
		Limits: steps.DefaultLimits(0),
		Links:  AppLinks{h.book, &Messages{Links: h.links, Tell: h.tell, Now: h.now}},
	}
	l := &session.Line{
		Name: "retail", Version: 1, Languages: []string{"en"}, Level: session.Strong, ANI: steps.ANI{Directory: directory{}},
		Verify: []session.Question{{Step: step, Factor: session.Possession}},
		Routes: session.Routes{Verified: to, Identified: to, Unidentified: to},
	}
	ch, handedOn = &sessiontest.Channel{}, make(chan session.Handover, 1)
	r := session.NewRunner(session.Options{
		Journal: &sessiontest.Journal{}, Prompts: sessiontest.Prompts{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Line: func(session.Call) *session.Line { return l },
	})
	go func() {
		r.Run(ch.Start(context.WithoutCancel(t.Context())), session.Call{
			ID: "call-1", Caller: "+4917139200001", Started: time.Now(),
		}, patient{ch})
		ch.End(nil)
		got, _ := ch.Handover()
		handedOn <- got
	}()
	return ch, handedOn
}

// linkAndDigits are those of a call that asks: the link is in the message, the digits are heard.
func (h *house) linkAndDigits(t *testing.T, ch *sessiontest.Channel) (link, digits string) {
	t.Helper()
	require.Eventually(t, func() bool {
		digits = ""
		for _, heard := range ch.Heard() {
			if d, is := strings.CutPrefix(heard, "digit-"); is {
				digits += d
			}
		}
		return len(digits) >= 2
	}, browsertest.Patience, 5*time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.messages[len(h.messages)-1]
	return last[strings.Index(last, "http"):], digits[:2]
}

// From the message to a call that is verified at level 3, in a browser with a passkey.
func TestACallIsVerifiedOnThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser(t)
	b.signsIn("C-1")
	b.accessible("the page")
	b.click("[data-passkey=add] [data-passkey-button]")
	b.says("Passkey of")
	b.accessible("the page with a passkey")
	b.goTo("/my/erasure")
	b.accessible("erasure")

	ch, handedOn := h.rings(t)
	link, digits := h.linkAndDigits(t, ch)
	b.goTo(link)
	browsertest.Await(t, b.Context, `location.pathname === "/my/open"`)
	b.accessible("the link's page")
	b.click("button.main")
	b.says("Did you call us?")
	b.accessible("the question")
	require.NoError(t, chromedp.Do(b.Context, chromedp.SendKeys(chromedp.ID("digits"), digits+"\r"))) // by keyboard
	b.says("One more step.")
	b.accessible("the passkey")
	began := time.Now()
	b.click("[data-passkey=use] [data-passkey-button]")
	b.says("Please go on with your call.")
	b.accessible("the answer")
	select {
	case got := <-handedOn:
		variables := map[string]string{}
		for _, v := range got.Variables {
			variables[v.Name] = v.Value
		}
		assert.Equal(t, "3", variables["cs_level"])
		assert.Equal(t, "verified", variables["cs_status"])
		assert.Equal(t, "ani,passkey", variables["cs_methods"])
		t.Logf("the call knew it %s after the customer pressed the button", time.Since(began))
	case <-time.After(browsertest.Patience):
		t.Fatal("the call does not know it")
	}
	history, err := chromedp.Run(b.Context, chromedp.Evaluate[string](`location.href + document.referrer + document.documentElement.outerHTML`))
	require.NoError(t, err)
	assert.NotContains(t, history, link[len(link)-secretLength:], "the link is nowhere")
}

// Without a script the page says and does everything but passkeys; and the fraudster's call ends when the customer says no.
func TestTheRelayAttackInTheBrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser(t)
	_, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	ch, handedOn := h.rings(t)
	link, _ := h.linkAndDigits(t, ch)
	b.goTo(link)
	press := func(selector string) {
		t.Helper()
		require.NoError(t, chromedp.Do(b.Context, chromedp.Click(chromedp.CSS(selector))))
	}
	press("button.main")
	b.says("Somebody who says that they are you is calling")
	size := func(selector string) []float64 {
		t.Helper()
		got, err := chromedp.Run(b.Context, chromedp.Evaluate[[]float64](
			`((r) => [r.width, r.height])(document.querySelector("`+selector+`").getBoundingClientRect())`))
		require.NoError(t, err)
		return got
	}
	assert.Equal(t, size(".yes"), size(".no"), "as large as the other")
	press(".no")
	b.says("Thank you for telling us.")
	select {
	case got := <-handedOn:
		for _, v := range got.Variables {
			if v.Name == "cs_reason" {
				assert.Equal(t, "denied", v.Value)
			}
		}
	case <-time.After(browsertest.Patience):
		t.Fatal("the call does not know it")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	assert.Len(t, h.alarms, 1)
}
