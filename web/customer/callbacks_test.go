package customer

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/internal/browsertest"
	"countersign/session/event"
)

// line is a telephone system on which everybody answers, and stays until it is told to hang up.
type line struct {
	hungUp chan struct{}
}

func (line) RingAgent(context.Context, string, string) error            { return nil }
func (line) RingCustomer(context.Context, string, string, string) error { return nil }
func (line) Kill(string)                                                {}

func (l line) Exists(context.Context, string) (bool, bool, error) {
	select {
	case <-l.hungUp:
		return false, false, nil
	default:
		return true, true, nil
	}
}

// dialler calls the customers of a house back, until the line is hung up.
func (h *house) dialler(t *testing.T) (*callback.Dialler, line) {
	t.Helper()
	l := line{make(chan struct{})}
	d := callback.NewDialler(callback.DiallerOptions{
		Book: h.callbacks, Switch: l, Process: "p", Node: "n", Now: h.now, Log: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return d, l
}

var firstWindow = regexp.MustCompile(`<option value="(20[^"]+)">`)

func TestACustomerBooksMovesAndCancelsACallback(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	page := p.opens(h.link("C-1", ForPage, ""))
	require.Contains(t, page.text, "We call you back")
	at := firstWindow.FindAllStringSubmatch(page.text, -1)
	assert.Equal(t, http.StatusUnprocessableEntity, p.post("/my/callbacks", "from", at[0][1], "word", "").status)
	assert.Contains(t, p.post("/my/callbacks", "from", at[0][1], "word", "2468").text, "Please choose another word")
	assert.Contains(t, p.post("/my/callbacks", "from", at[0][1], "word", "Ananas", "number", "+33123456789").text, "cannot call you back on that number")
	assert.Contains(t, p.post("/my/callbacks", "from", "2020-01-01T10:00:00Z", "word", "Ananas").text, "not free any more")
	booked := p.post("/my/callbacks", "from", at[0][1], "word", "Ananas", "subject", "my <order>")
	require.Equal(t, "/my", booked.path)
	assert.Contains(t, booked.text, "my &lt;order&gt;")
	assert.NotContains(t, booked.text, "Ananas")
	id := h.callbacks.Of("C-1")[0].ID

	calendar := p.get("/my/callbacks/" + id + "/calendar")
	assert.Contains(t, calendar.text, "BEGIN:VEVENT")
	assert.NotContains(t, calendar.text, "Ananas")
	assert.Contains(t, p.get("/my?move="+id).text, `<button>Move</button>`)
	require.Equal(t, "/my", p.post("/my/callbacks/"+id, "what", "move", "from", at[1][1]).path)
	assert.Equal(t, at[1][1], h.callbacks.Of("C-1")[0].From.UTC().Format(time.RFC3339))

	other := h.phone()
	other.opens(h.link("C-2", ForPage, ""))
	assert.Contains(t, other.post("/my/callbacks/"+id, "what", "cancel").text, "There is no such callback")
	assert.Equal(t, http.StatusNotFound, other.get("/my/callbacks/"+id+"/calendar").status)
	require.Equal(t, "/my", p.post("/my/callbacks/"+id, "what", "cancel").path)
	assert.Equal(t, callback.Cancelled, h.callbacks.Of("C-1")[0].State)
	assert.Equal(t, http.StatusUnauthorized, h.phone().post("/my/callbacks", "from", "soon", "word", "Ananas").status)
	assert.NotContains(t, h.log.String(), "Ananas")
}

// While the company calls the page is green, before and after it is red, and when nobody can know it says so; each within
// some seconds of polling, without the page being loaded again.
func TestIsThisYouCallingMe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, l := h.dialler(t)
	b := h.browser(t)
	b.goTo(h.link("C-1", ForPage, ""))
	browsertest.Await(t, b.Context, `location.pathname === "/my/open"`)
	b.click("button.main")
	b.says("We are not calling you")
	b.accessible("red")
	_, err := h.callbacks.Create(t.Context(), callback.Request{
		Customer: "C-1", Line: "retail", Subject: "my order", Soon: true, Word: "Ananas", By: event.ByCustomer,
	})
	require.NoError(t, err)
	id := h.callbacks.Of("C-1")[0].ID
	require.Eventually(t, func() bool {
		_, err := d.Take(t.Context(), id, callback.Agent{ID: "amara", Name: "Amara", Telephone: "1002"})
		return err == nil
	}, browsertest.Patience, 20*time.Millisecond)
	b.says("Yes: we are calling you")
	b.says("Amara is calling you for us: my order")
	b.says("Ananas")
	b.accessible("green")
	h.store.away.Store(true)
	b.says("We do not know right now")
	b.accessible("unknown")
	h.store.away.Store(false)
	b.says("Yes: we are calling you")
	close(l.hungUp)
	b.says("We are not calling you")
	shown, err := chromedp.Run(b.Context, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
	require.NoError(t, err)
	assert.NotContains(t, shown, "Ananas")
	h.mu.Lock()
	h.onLine = true
	h.mu.Unlock()
	b.says("You are on the line with us")
	b.accessible("on the line")
	h.Close() // the company's server is gone: an old answer is not left standing
	b.says("We do not know right now")
}

func TestSomebodyCalledMe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	page := p.opens(h.link("C-1", ForPage, ""))
	require.Contains(t, page.text, "Somebody called me in your name")
	for range mostReports {
		assert.Contains(t, p.post("/my/impostor").text, "Our people are warned")
	}
	assert.Equal(t, http.StatusTooManyRequests, p.post("/my/impostor").status)
	assert.Equal(t, []string{"C-1", "C-1", "C-1"}, h.impostors)
	assert.Equal(t, http.StatusForbidden, p.do("POST", "/my/impostor", "application/x-www-form-urlencoded", "",
		"Sec-Fetch-Site", "cross-site").status)
}

// Without scripts the page says it, too, as of when it was loaded.
func TestTheAnswerIsThereWithoutScripts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	page := p.opens(h.link("C-1", ForPage, ""))
	assert.Contains(t, page.text, "We are not calling you")
	assert.Contains(t, page.text, `<a href="/my">Ask again</a>`)
	h.store.away.Store(true)
	defer h.store.away.Store(false)
	assert.Equal(t, http.StatusServiceUnavailable, p.get("/my/calling").status)
	assert.Less(t, len(page.text), 30_000, "with all windows of two days")
	assert.NotContains(t, strings.ToLower(page.text), "<script>")
}
