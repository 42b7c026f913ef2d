package staff_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheAPIIsBrowsed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	got := o.browser().get("/api")
	require.Equal(t, http.StatusOK, got.status, o.log.String())
	for _, want := range []string{
		"POST /v1/tokens", "Scope: <code>tokens</code>", "Needs no key", "enum:", `href="/v1/openapi.json"`, "RFC 9457",
	} {
		assert.Contains(t, got.text, want)
	}
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(got.text, -1)
	require.Greater(t, len(links), 20)
	for _, link := range links {
		assert.Contains(t, got.text, `id="`+link[1]+`"`, "it leads somewhere")
	}
}
