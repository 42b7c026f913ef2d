package staff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/people"
)

// SCREENSHOTS names a folder for pictures of every screen, light and dark, on a desk and on a phone (task screenshots).
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Skip("SCREENSHOTS does not name a folder for the pictures: task screenshots does")
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	o := newOffice(t)
	for _, role := range []access.Role{access.Agent, access.Supervisor, access.Admin} {
		o.hire(string(role), func(p *people.Person) { p.Agents = []string{"1001"} })
	}
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"))...)
	o.happened("call-2", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	o.happened("call-3", "orders", append(verifiedCall(), offered("1001"), event.AgentMissed{Agent: "1001", Reason: event.MissedNoAnswer})...)
	o.happened("call-4", "orders", append(verifiedCall(), offered("1001"), connected("1001"), event.AgentDone{Agent: "1001", End: event.AgentEndAgent, TalkedMilliseconds: 154_000})...)
	o.happened("call-5", "retail", verifiedCall()[:5]...)
	b := o.open(t)
	for role, paths := range screens {
		b.signIn(string(role))
		for _, path := range paths {
			for _, theme := range []string{"light", "dark"} {
				for size, width := range map[string]int64{"desk": 1280, "phone": 390} {
					_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
					})
					require.NoError(t, err)
					_, err = chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
						Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: size == "phone",
					})
					require.NoError(t, err)
					b.goTo(path)
					picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
					require.NoError(t, err)
					name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "-") + "-" + theme + "-" + size + ".png"
					require.NoError(t, os.WriteFile(filepath.Join(folder, name), picture, 0o600))
				}
			}
		}
		b.click(`form[action="/sign-out"] button`)
		b.await(`location.pathname == "/sign-in"`)
	}
}
