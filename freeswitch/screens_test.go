package freeswitch_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/browsertest"
)

// deskQueue calls its agents in the order of their tiers' positions.
const deskQueue = `<configuration name="callcenter.conf"><settings/><queues>
<queue name="support"><param name="strategy" value="sequentially-by-agent-order"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue></queues><agents/><tiers/></configuration>`

// screen is an agent's desk in a browser of their own.
type screen struct {
	t   testing.TB
	ctx context.Context
}

// openDesk adds a person with the command line, who signs in by their invitation.
func openDesk(t testing.TB, s *service, id, agent string) *screen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), importWithin)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.binary, "--config", s.config, "--data", s.Data, "people", "add", id,
		"--role", "agent", "--agent", agent).CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, path, ok := strings.Cut(joinLink.FindString(string(out)), "/join/")
	require.True(t, ok, "%s", out)
	d := &screen{t: t, ctx: browsertest.Start(t)}
	const password = "four words of no sense"
	require.NoError(t, chromedp.Do(d.ctx, chromedp.Navigate("http://"+s.API+"/join/"+path),
		chromedp.SendKeys(chromedp.ID("password"), password), chromedp.SendKeys(chromedp.ID("again"), password+"\r")))
	d.await(`location.pathname == "/desk" && document.querySelector("[data-live-state]")?.dataset.state == "current"`)
	return d
}

func (d *screen) await(expression string) {
	d.t.Helper()
	browsertest.Await(d.t, d.ctx, expression)
}

func (d *screen) text(selector string) string {
	d.t.Helper()
	got, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](browsertest.Text(selector)))
	require.NoError(d.t, err)
	return got
}

func (d *screen) count(selector string) int {
	d.t.Helper()
	got, err := chromedp.Run(d.ctx, chromedp.Evaluate[int](fmt.Sprintf(`document.querySelectorAll(%q).length`, selector)))
	require.NoError(d.t, err)
	return got
}

// TestACallOnTheScreensOfItsAgents is mod_callcenter with two agents and their screens in real browsers: the first agent
// misses the call, the second takes it and presses "verify further", the caller keys a code, and each screen shows what is
// its own.
func TestACallOnTheScreensOfItsAgents(t *testing.T) {
	t.Parallel()
	d := &desk{stepUpSite: startStepUpSite(t, options{
		Modules: []string{"mod_callcenter"}, Configuration: deskQueue,
		Files: map[string]string{"public/91_desk.xml": `<extension name="desk"><condition field="destination_number" expression="^desk$">
<action application="callcenter" data="support"/></condition></extension>` + telephones + extraDialplan["public/90_ways.xml"]},
	})}
	d.customers = []customer{{
		ID: "S-1", Name: "Ada Lovelace", Phones: "+15551231000", Account: "200040", PIN: "246813",
		TOTP: strings.Repeat("JBSWY3DPEHPK3PXP", 2),
	}}
	v := d.start(t)
	require.Eventually(t, func() bool { return strings.Contains(v.Log(t), "agents are watched") }, serveWithin, poll)
	a := startAgent(t)
	for i, contact := range []string{
		"[leg_timeout=3]sofia/harness/silent-1@" + d.SIP, fmt.Sprintf("sofia/harness/agent@127.0.0.1:%d", a.Port),
	} {
		name := fmt.Sprintf("agent-%d", i+1)
		for _, command := range []string{
			"agent add " + name + " callback", "agent set contact " + name + " " + contact,
			"agent set status " + name + " Available", "agent set no_answer_delay_time " + name + " 60",
			fmt.Sprintf("tier add support %s 1 %d", name, i+1),
		} {
			require.Contains(t, d.API(t, "callcenter_config "+command), "+OK", command)
		}
	}
	one, two := openDesk(t, v, "ada", "agent-1"), openDesk(t, v, "ben", "agent-2")

	c := callWithSIPp(t, d.freeSWITCH, dial{From: d.customers[0].Phones, To: v.Number(2 * time.Minute)})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	one.await(`document.querySelector('[data-state="ringing"]')`)
	assert.NotContains(t, one.text("main"), "Ada Lovelace", "no name before the answer")
	assert.Contains(t, one.text("article"), "identified and verified")
	one.await(`document.querySelector('[data-state="missed"]') && !document.querySelector('[data-state="ringing"]')`)

	a.phone.sing(agentSings)
	two.await(`document.querySelector('[data-state="talking"]')`)
	assert.Contains(t, two.text("article"), "Ada Lovelace")
	k := &talk{Caller: c, Agent: a, site: d.stepUpSite}
	k.HearEachOther(t)
	recording, _ := a.phone.heardSo()
	require.NoError(t, chromedp.Do(two.ctx, chromedp.Click(chromedp.CSS(`[data-action="verify"]`))))
	c.AwaitAsked(t, "ask-totp", 1, askedWithin)
	two.await(`document.querySelector("article")?.innerText.includes("being asked for more proof")`)
	c.Press(d.code(t) + "#")
	two.await(`document.querySelector("article")?.innerText.includes("more proof given")`)
	assert.Contains(t, two.text("article"), "3 · strong")
	c.AwaitAt(t, "countersign", "countersign-rejoin", silentWithin)
	k.HearEachOther(t)
	a.heardNoKeys(t, len(recording), "during the step-up and after it")

	c.HangUp()
	two.await(`document.querySelector('tr[data-state="done"]') && !document.querySelector("article")`)
	assert.Equal(t, 1, two.count("[data-call]"), "one call, once")
	assert.Zero(t, two.count(`[data-state="missed"]`))
	assert.Equal(t, 1, one.count("[data-call]"), "the missed one, and nothing of what came after it")
	assert.NotContains(t, one.text("main"), "Ada Lovelace", "it was never theirs")
}
