package staff_test

import (
	"html"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

var tourNext = regexp.MustCompile(`name="id" value="([a-z]+)"><input type="hidden" name="next" value="([^"]+)"`)

func TestTheTourThroughADemo(t *testing.T) {
	t.Parallel()
	demo := &staff.Demo{Key: "key-of-the-demo"}
	o, _ := archived(t, func(options *staff.Options) { options.Demo = demo })
	for _, role := range access.Roles() {
		demo.Visitors = append(demo.Visitors, people.Person{ID: string(role)})
		o.hire(string(role))
	}
	for _, language := range []string{"en", "de"} {
		b := o.browser()
		b.header.Set("Accept-Language", language)
		text := b.get("/demo/key-of-the-demo").text
		stops := 0
		for m := tourNext.FindStringSubmatch(text); m != nil; m = tourNext.FindStringSubmatch(text) {
			to := html.UnescapeString(m[2])
			got := b.post("/demo/key-of-the-demo", "id", m[1], "next", to)
			require.Equal(t, http.StatusSeeOther, got.status, got.text)
			require.Equal(t, to, got.header.Get("Location"))
			page := b.get(to)
			require.Equal(t, http.StatusOK, page.status, to)
			text, stops = page.text, stops+1
			require.Less(t, stops, 10)
			assert.Contains(t, text, `class="card tour"`)
			assert.NotContains(t, b.get("/me?tour=99").text, `class="card tour"`)
		}
		assert.Equal(t, 7, stops)
		assert.Contains(t, text, `href="/demo/key-of-the-demo"`)
	}
	plain := newOffice(t)
	plain.hire("agent")
	assert.NotContains(t, plain.as("agent").get("/desk?tour=1").text, "class=\"card tour\"", "only in a demo")
}
