package endpoint

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// HeadersFrom replaces variables in header values. Its errors show no value.
func HeadersFrom(settings map[string]string, env func(string) (string, bool)) (http.Header, error) {
	var errs []error
	headers := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if !ValidHeaderName(name) {
			errs = append(errs, fmt.Errorf("headers: %q is not the name of a header", name))
			continue
		}
		if isOwnHeader(name) {
			errs = append(errs, fmt.Errorf("headers.%s cannot be set: it follows from the request", name))
			continue
		}
		value, err := Expand("headers."+name, settings[name], env)
		if err != nil {
			errs = append(errs, err)
		}
		if !ValidHeaderValue(value) {
			errs = append(errs, fmt.Errorf("headers.%s: its value has a line break or another control character", name))
			continue
		}
		headers.Set(name, value)
	}
	return headers, errors.Join(errs...)
}

// isOwnHeader reports whether a header follows from the request, or from HTTP.
func isOwnHeader(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Accept-Encoding":
		return true
	default:
		return false
	}
}

// ValidHeaderName reports whether a name is a token of RFC 9110, section 5.6.2.
func ValidHeaderName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r > 0x7e || r <= ' ' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
	}) < 0
}

// ValidHeaderValue reports whether a value has no control characters.
func ValidHeaderValue(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}
