package staff_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// shows waits until the desk has exactly these calls that ring or talk, each once.
func (b *tab) shows(calls ...string) {
	b.t.Helper()
	for _, call := range calls {
		b.await(fmt.Sprintf(`document.querySelectorAll('article[data-call=%q]').length == 1`, call))
	}
	b.await(fmt.Sprintf(`document.querySelectorAll("article[data-call]").length == %d`, len(calls)))
	b.await(`document.querySelector("[data-live-state]")?.dataset.state == "current"`)
}

func TestARestartOfTheServiceIsNotNoticed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	b.shows("call-1")
	o.stop()
	b.await(`document.querySelector("[data-live-state]")?.dataset.state == "behind"`)
	o.happened("call-1", "retail", event.AgentDone{Agent: "1001", End: event.AgentEndCaller})
	o.happened("call-2", "retail", append(verifiedCall(), offered("1001"))...)
	o.restart()
	b.shows("call-2")
	b.await(`document.querySelectorAll('tr[data-call="call-1"][data-state="done"]').length == 1`)
	o.happened("call-3", "retail", append(verifiedCall(), offered("1001"))...)
	b.shows("call-2", "call-3")
	b.await(`document.querySelectorAll(".toast").length == 2`)
}

// The computer sleeps for ten minutes: nothing of the page runs, its connections are gone, and its clock leaps.
func TestASleepOfTenMinutesMissesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	o.happened("call-2", "retail", append(verifiedCall(), offered("1001"))...)
	b.shows("call-1", "call-2")
	state := func(s string) {
		_, err := chromedp.Call(b.ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateState(s)})
		require.NoError(t, err)
	}
	state("frozen")
	o.server.CloseClientConnections()
	o.later(10 * time.Minute)
	o.happened("call-1", "retail", event.AgentDone{Agent: "1001", End: event.AgentEndCaller})
	o.happened("call-2", "retail", event.AgentMissed{Agent: "1001", Reason: event.MissedNoAnswer})
	for i := range 3 {
		call := fmt.Sprintf("missed-%d", i)
		o.happened(call, "retail", append(verifiedCall(), offered("1001"), event.AgentMissed{Agent: "1001", Reason: event.MissedBusy})...)
	}
	o.happened("call-3", "retail", append(verifiedCall(), offered("1001"))...)
	state("active")
	eval[chromedp.Void](b, `{const real = Date.now; Date.now = () => real() + 600_000}`)
	b.shows("call-3")
	b.await(text("main") + `.includes("Missed: 4")`)
	assert.Equal(t, 1, eval[int](b, `document.querySelectorAll('tr[data-call="call-1"]').length`))
}
