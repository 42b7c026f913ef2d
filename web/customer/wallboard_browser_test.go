package customer

import (
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/browsertest"
	"countersign/waiting"
)

// In a browser the page follows the queue by itself, says when it is old, and is accessible.
func TestTheWallboardInABrowser(t *testing.T) {
	t.Parallel()
	h := open(t, bank)
	as := func(at time.Time, v waiting.View) {
		h.mu.Lock()
		v.At, v.Best = at, time.Time{}
		h.views = []waiting.View{v}
		h.mu.Unlock()
		h.now.Store(time.Now().UnixNano())
	}
	as(time.Now().Add(time.Hour), waits(3, 6)) // of now for all of this test
	ctx := browsertest.Start(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(h.URL+"/waiting")))
	says := func(text string) {
		t.Helper()
		browsertest.Await(t, ctx, `document.querySelector(".wait")?.textContent == "`+text+`"`)
	}
	says("3 to 6 minutes")
	if file := os.Getenv("AXE"); file != "" {
		axe, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](string(axe))))
		got, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](
			`axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")))`,
			chromedp.EvalAwaitPromise))
		require.NoError(t, err)
		assert.Empty(t, got)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { // the clock of the service goes on
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
				h.now.Store(time.Now().UnixNano())
			}
		}
	}()
	as(time.Now().Add(time.Hour), waits(8, 12))
	says("8 to 12 minutes")
	as(time.Now().Add(-time.Minute), waits(8, 12)) // a service that has stopped without saying so
	says("Out of date: no news for a while.")
}
