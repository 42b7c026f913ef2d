package customer

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

var handedToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// A caller who is on the line goes on with their call, or in the browser, and is not asked again.
func TestAVerifiedCallerGoesOnOnThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.phone()
	page := p.opens(h.link("C-1", ForPage, ""))
	assert.NotContains(t, page.text, "My balance", "there is no call")
	assert.Contains(t, page.text, "My orders")
	assert.Equal(t, http.StatusConflict, p.post("/my/choices", "line", "retail", "call", "call-7", "choice", "0").status)

	h.mu.Lock()
	h.onLine = true
	h.mu.Unlock()
	page = p.get("/my")
	require.Contains(t, page.text, "You are on the line with us: choose")
	require.Contains(t, page.text, "My balance")
	assert.Equal(t, http.StatusConflict, p.post("/my/choices", "line", "retail", "call", "call-6", "choice", "0").status, "an old page")
	assert.Equal(t, http.StatusConflict, p.post("/my/choices", "line", "retail", "call", "call-7", "choice", "9").status)
	moved := p.post("/my/choices", "line", "retail", "call", "call-7", "choice", "0")
	assert.Contains(t, moved.text, "Please go on with your call")
	assert.Equal(t, []string{"call-7 balance XML default"}, h.moved)
	assert.Contains(t, h.audited, "C-1 call_moved call call-7 to balance XML default")

	handed := p.post("/my/choices", "line", "retail", "call", "call-7", "choice", "1")
	assert.Contains(t, handed.text, `action="https://www.bank.example/orders?a=b"`)
	assert.Contains(t, handed.header.Get("Content-Security-Policy"), "form-action 'self' https://www.bank.example;")
	token := handedToken.FindStringSubmatch(handed.text)
	require.NotNil(t, token)
	content, err := h.tokens.Use(t.Context(), session.NewSecret([]byte(token[1])), "retail")
	require.NoError(t, err)
	assert.Equal(t, "C-1", content.Customer)

	h.mu.Lock()
	h.busy = true
	h.mu.Unlock()
	assert.NotContains(t, p.get("/my").text, "My balance", "an agent talks to them")
	assert.Equal(t, http.StatusConflict, p.post("/my/choices", "line", "retail", "call", "call-7", "choice", "0").status)
	assert.Equal(t, http.StatusUnauthorized, h.phone().post("/my/choices", "line", "retail", "choice", "1").status)
}
