package doctor

import (
	"context"
	"strings"
)

// apiIsGuarded checks the settings of the API.
func apiIsGuarded(_ context.Context, o Options) (found []Finding) {
	if o.OpenAPI != "" {
		found = append(found, note("keep web.listen on loopback, and put a proxy in front that does TLS",
			"the API on %s is open to the network without TLS: keys and tokens can be read on the way", o.OpenAPI))
	}
	if len(o.UnscopedKeys) > 0 {
		found = append(found, note("name what each may do in web.keys.NAME.scopes",
			"the keys of %s have no scopes: they may read calls and ask for step-ups", strings.Join(o.UnscopedKeys, ", ")))
	}
	return found
}
