package staff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// SCREENSHOTS names a folder for pictures of every screen, light and dark, on a desk and on a phone (task screenshots).
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Skip("SCREENSHOTS does not name a folder for the pictures: task screenshots does")
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	o := furnished(t)
	b := o.open(t)
	for role, paths := range screens {
		b.signIn(string(role))
		for _, path := range paths {
			for _, theme := range []string{"light", "dark"} {
				for size, width := range map[string]int64{"desk": 1280, "phone": 390} {
					b.theme(theme)
					_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
						Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: size == "phone",
					})
					require.NoError(t, err)
					b.goTo(path)
					picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
					require.NoError(t, err)
					page, _, _ := strings.Cut(strings.Trim(path, "/"), "?")
					name := string(role) + "-" + strings.ReplaceAll(page, "/", "-") + "-" + theme + "-" + size + ".png"
					require.NoError(t, os.WriteFile(filepath.Join(folder, name), picture, 0o600))
				}
			}
		}
		b.click(`form[action="/sign-out"] button`)
		b.await(`location.pathname == "/sign-in"`)
	}
}
