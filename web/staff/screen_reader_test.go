package staff_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// silent roles say nothing of their own, and differ from version to version of the browser.
var silent = []string{
	"none", "generic", "InlineTextBox", "LineBreak", "sectionheader", "paragraph", "strong", "code", "group", "form",
	"DescriptionList",
}

// tree is what a screen reader is told: roles and names, one a line.
func (b *tab) tree() string {
	b.t.Helper()
	got, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(b.t, err)
	nodes := map[accessibility.NodeID]*accessibility.Node{}
	for _, n := range got.Nodes {
		nodes[n.NodeID] = n
	}
	var out strings.Builder
	var write func(n *accessibility.Node, depth int)
	write = func(n *accessibility.Node, depth int) {
		role, name := said(n.Role), said(n.Name)
		told := !n.Ignored && !slices.Contains(silent, role)
		if told {
			fmt.Fprintf(&out, "%s%s %q\n", strings.Repeat("  ", depth), role, name)
			depth++
		}
		for _, id := range n.ChildIDs {
			if child := nodes[id]; child != nil {
				write(child, depth)
			}
		}
	}
	write(got.Nodes[0], 0)
	return out.String()
}

func said(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var text string
	_ = json.Unmarshal(v.Value, &text)
	return text
}

func TestWhatAScreenReaderIsToldOfACall(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	b.await(`document.querySelector('[data-state="talking"]')`)
	_, pop, _ := strings.Cut(b.tree(), "main ")
	golden := filepath.Join("testdata", "screen_reader_call.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(pop), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), pop)
}

// Every control can be reached and used with the keyboard alone.
func TestAnAgentNeedsNoMouse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	b.await(`document.querySelector('[data-state="talking"]')`)
	var reached []string
	for range 30 {
		require.NoError(t, chromedp.Do(b.ctx, chromedp.KeyEvent("\t")))
		at := eval[string](b, `document.activeElement.innerText ?? ""`)
		reached = append(reached, at)
		if strings.HasPrefix(at, "Verify further") {
			break
		}
	}
	for _, want := range []string{"Skip to the content", "My calls", "Sign out", "Open the customer"} {
		assert.Contains(t, reached, want)
	}
	require.NoError(t, chromedp.Do(b.ctx, chromedp.KeyEvent("\r")))
	require.Eventually(t, func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.asked) == 1 }, patience, tick)
}

// The focus stays where it is when a call comes in, and text in a field stays.
func TestANewCallDoesNotTakeTheFocus(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("ada-agent", agentWith("1001"))
	b := o.open(t)
	b.signIn("ada-agent")
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	b.await(`document.querySelector("#copy-call-1")`)
	eval[chromedp.Void](b, `document.querySelector("#copy-call-1").focus()`)
	o.happened("call-2", "retail", append(verifiedCall(), offered("1001"))...)
	b.await(`document.querySelector('[data-state="ringing"]')`)
	assert.Equal(t, "copy-call-1", eval[string](b, `document.activeElement.id`))
}
