package staff_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/web/people"
	"countersign/web/staff"
)

// crmScript notes what the element tells its page.
const crmScript = `
globalThis.heard = [];
globalThis.wanted = 0;
addEventListener("countersign-pop", (e) => heard.push(e.detail));
addEventListener("countersign-token", () => { wanted++; });
`

// crm is a page of another site with the element, with a strict policy of its own.
type crm struct {
	*httptest.Server
	o *office
	// tag is the element; frameSource is what its policy lets it frame.
	tag, frameSource string
	tokens           atomic.Int32 // that were asked for
	closed           atomic.Bool  // it gives no more
}

// newCRM starts the page and the office whose settings name it.
func newCRM(t *testing.T, tag string, changes ...func(*staff.Options)) *crm {
	t.Helper()
	c := &crm{tag: tag}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.page)
	mux.HandleFunc("GET /crm.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprint(w, crmScript)
	})
	mux.HandleFunc("POST /token", c.token)
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	c.URL = strings.Replace(c.URL, "127.0.0.1", "localhost", 1) // another site than the office is at
	c.o = newOffice(t, append([]func(*staff.Options){func(s *staff.Options) { s.Embed = []string{c.URL} }}, changes...)...)
	c.frameSource = c.o.url
	c.o.hire("ada-agent", agentWith("1001"))
	return c
}

func (c *crm) page(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html")
	h.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src 'self' %s; connect-src 'self'; frame-src %s",
		c.o.url, c.frameSource))
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>CRM</title><script src="/crm.js"></script>
		<script type="module" src="%s/embed/pop.js"></script>%s`, c.o.url, c.tag)
}

// token is the CRM's own server, which knows who is signed in.
func (c *crm) token(w http.ResponseWriter, r *http.Request) {
	c.tokens.Add(1)
	token, _, err := c.o.frames.Token(r.Context(), "ada-agent", "crm")
	if err != nil || c.closed.Load() {
		http.Error(w, "no token", http.StatusForbidden)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
}

func (c *crm) open(t *testing.T, preferences ...string) *tab {
	t.Helper()
	b := c.o.open(t, preferences...)
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Navigate(c.URL)))
	return b
}

// frame is the frame of the page, which the browser keeps apart from it.
func (b *tab) frame() *tab {
	b.t.Helper()
	var opts chromedp.ContextOption
	require.Eventually(b.t, func() bool {
		targets, err := chromedp.Targets(b.ctx)
		for _, info := range targets {
			if info.Type == "iframe" && strings.HasPrefix(info.URL, b.o.url) {
				opts = chromedp.WithTargetID(info.TargetID)
			}
		}
		return err == nil && opts != nil
	}, patience, tick)
	ctx, cancel := chromedp.NewContext(b.ctx, opts)
	b.t.Cleanup(cancel)
	return &tab{t: b.t, o: b.o, ctx: ctx}
}

func TestACallPopsInAPageOfAnotherSite(t *testing.T) {
	t.Parallel()
	c := newCRM(t, `<countersign-pop token-from="/token"></countersign-pop>`)
	page := c.open(t)
	frame := page.frame()
	frame.await(text("main") + `.includes("No call now")`)
	c.o.happened("call-1", "retail", append(verifiedCall(), offered("1001"))...)
	frame.await(`document.querySelector('[data-state="ringing"]')`)
	page.await(`heard.length == 1`)
	assert.JSONEq(t, `{"call": "call-1", "state": "ringing", "line": "retail", "status": "verified"}`,
		eval[string](page, `JSON.stringify(heard[0])`), "no id before the answer")

	c.o.happened("call-1", "retail", connected("1001"))
	page.await(`heard.length == 2`)
	assert.JSONEq(t, `{"call": "call-1", "state": "talking", "line": "retail", "status": "verified", "customer": "C-1001",
		"link": "https://crm.example/C-1001"}`, eval[string](page, `JSON.stringify(heard[1])`))
	assert.Contains(t, eval[string](frame, text("article")), "Ada Lovelace")

	frame.click(`[id^="step-up-3"]`)
	require.Eventually(t, func() bool { c.o.mu.Lock(); defer c.o.mu.Unlock(); return len(c.o.asked) == 1 }, patience, tick)
	c.o.happened("call-1", "retail", event.AgentDone{
		Agent: "1001", Via: event.ViaCallcenter, End: event.AgentEndCaller, TalkedMilliseconds: 61_000,
	})
	page.await(`heard.at(-1).state == "done" && heard.at(-1).customer == "C-1001"`)
	frame.await(`!document.querySelector("article")`)

	assert.Empty(t, eval[string](frame, `document.cookie`))
	assert.Equal(t, c.o.url+"/embed/desk?language=en", eval[string](frame, `location.href`), "no token in the address")
	assert.EqualValues(t, 1, c.tokens.Load())
}

// A browser that keeps no cookies keeps nothing else, and shares no locks.
func TestACallPopsWhereTheBrowserKeepsNothing(t *testing.T) {
	t.Parallel()
	c := newCRM(t, `<countersign-pop token-from="/token"></countersign-pop>`)
	page := c.open(t, `{"profile": {"default_content_setting_values": {"cookies": 2}}}`)
	frame := page.frame()
	frame.await(text("main") + `.includes("No call now")`)
	assert.Equal(t, "SecurityError", eval[string](frame, `(() => { try { return localStorage } catch (e) { return e.name } })()`))
	for i := range 2 {
		c.o.happened(fmt.Sprintf("call-%d", i), "retail", append(verifiedCall(), offered("1001"))...)
		frame.await(fmt.Sprintf(`document.querySelectorAll(".toast").length == %d`, i+1))
		page.await(fmt.Sprintf(`heard.length == %d`, i+1))
	}
}

// HTTP/1.1 allows six connections to a host.
func TestSevenFramesShowEveryCall(t *testing.T) {
	t.Parallel()
	c := newCRM(t, strings.Repeat(`<countersign-pop token-from="/token"></countersign-pop>`, 7))
	page := c.open(t)
	require.Eventually(t, func() bool { return c.tokens.Load() == 7 }, patience, tick)
	for i := range 2 {
		c.o.happened(fmt.Sprintf("call-%d", i), "retail", append(verifiedCall(), offered("1001"))...)
		page.await(fmt.Sprintf(`heard.length == %d`, 7*(i+1)))
	}
}

func TestAFrameIsAccessible(t *testing.T) {
	t.Parallel()
	axe := axeCore(t)
	for _, language := range []string{"en", "de"} {
		c := newCRM(t, fmt.Sprintf(`<countersign-pop lang=%q token-from="/token"></countersign-pop>`, language))
		c.o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
		frame := c.open(t).frame()
		frame.await(`document.querySelector("article")`)
		frame.accessible(axe, "ada-agent", "frame "+language)
	}
}

func TestAPageGivesTokensByItself(t *testing.T) {
	t.Parallel()
	c := newCRM(t, `<countersign-pop lang="de"></countersign-pop>`)
	page := c.open(t)
	page.await(`wanted == 1`)
	frame := page.frame()
	assert.Contains(t, eval[string](frame, text("main")), "soll Sie hereinlassen")
	token := c.o.frameToken("ada-agent")
	set := fmt.Sprintf(`document.querySelector("countersign-pop").setAttribute("token", %q); 1`, token)
	eval[int](page, set)
	frame.await(text("main") + `.includes("Gerade kein Anruf")`)
	assert.NotContains(t, eval[string](page, `document.documentElement.outerHTML`), token, "it does not stay in the page")

	other := c.open(t)
	other.await(`wanted == 1`)
	eval[int](other, set)
	other.frame().await(text("main") + `.includes("schon benutzt")`)
}

func TestASessionIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	c := newCRM(t, `<countersign-pop token-from="/token"></countersign-pop>`, func(s *staff.Options) {
		s.Frames.Life = 2 * time.Second
	})
	frame := c.open(t).frame()
	frame.await(text("main") + `.includes("No call now")`)
	require.Eventually(t, func() bool { return c.tokens.Load() > 2 }, patience, tick)
	assert.True(t, eval[bool](frame, `document.querySelector("[data-frame]").hidden`), "nobody saw anything of it")
}

func TestWhatHasEndedShowsNothingMoreUntilThePageLetsItInAgain(t *testing.T) {
	t.Parallel()
	c := newCRM(t, `<countersign-pop token-from="/token"></countersign-pop>`)
	page := c.open(t)
	frame := page.frame()
	c.o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	frame.await(text("article") + `.includes("Ada Lovelace")`)
	c.closed.Store(true)
	_, err := c.o.book.Change(t.Context(), "ada-agent", func(p *people.Person) error { p.Generation++; return nil })
	require.NoError(t, err)
	c.o.later(3 * time.Second)
	c.o.happened("call-2", "retail", append(verifiedCall(), offered("1001"))...)
	frame.await(text("main") + `.includes("not signed in here any more")`)
	assert.NotContains(t, eval[string](frame, text("main")), "Ada Lovelace")
	c.closed.Store(false) // the frame asks again
	frame.await(text("article") + `.includes("Ada Lovelace")`)
	c.o.happened("call-3", "retail", append(verifiedCall(), offered("1001"))...)
	frame.await(`document.querySelector('[data-call="call-3"]')`)
}

func TestAPageThatMayNotFrameUsSaysSoInWords(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*crm){
		"its settings do not name this page: web.embed.origins": func(c *crm) { c.o.pages.Embed = []string{"https://crm.example"} },
		"its own Content-Security-Policy lacks":                 func(c *crm) { c.frameSource = "'none'" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCRM(t, `<countersign-pop token-from="/token"></countersign-pop>`)
			change(c)
			page := c.open(t)
			page.await(text("countersign-pop") + fmt.Sprintf(`.includes(%q)`, name))
			assert.Contains(t, eval[string](page, text("countersign-pop")), c.URL)
			assert.Zero(t, c.tokens.Load(), "no token was asked for")
		})
	}
}

func TestThePageForFramesSaysInWordsThatItStandsAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	b.goTo("/embed/desk")
	assert.Contains(t, eval[string](b, text("main")), "belongs inside another one")
	b.click("main a")
	b.await(`location.pathname == "/desk"`)
}
