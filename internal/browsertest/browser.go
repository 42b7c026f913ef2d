// Package browsertest starts a real browser, for tests of the screens.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/programtest"
)

// Patience is for a browser on a busy machine.
const Patience = time.Minute

// Start starts a browser, with preferences of its user as Chromium's file has them, and returns the context of its first
// tab, as package chromedp wants it. The browser ends with the test, which is skipped if there is none.
func Start(t testing.TB, preferences ...string) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(programtest.Find(t, "chromium")), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserDataDir(profile(t, preferences...)), chromedp.WindowSize(1280, 900),
		chromedp.WSURLReadTimeout(Patience),
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*Patience)
	t.Cleanup(cancel)
	ctx, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancelAllocator)
	ctx, cancelTab := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancelTab() })
	return ctx
}

// profile is a folder for a browser, which goes on writing for a moment when it has ended.
func profile(t testing.TB, preferences ...string) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "countersign-chromium-")
	require.NoError(t, err)
	for _, p := range preferences {
		require.NoError(t, os.Mkdir(filepath.Join(folder, "Default"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "Default", "Preferences"), []byte(p), 0o600))
	}
	t.Cleanup(func() {
		assert.Eventually(t, func() bool { return os.RemoveAll(folder) == nil }, Patience, 50*time.Millisecond)
	})
	return folder
}

// Await waits until an expression is true in the page.
func Await(t testing.TB, ctx context.Context, expression string) {
	t.Helper()
	require.Eventually(t, func() bool {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		return err == nil && got
	}, Patience, 20*time.Millisecond, expression)
}

// Text is an expression for the text of an element, "" if there is none.
func Text(selector string) string {
	return fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "")`, selector)
}
