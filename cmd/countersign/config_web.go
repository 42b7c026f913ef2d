package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// Origins that may frame us are compared with what browsers say, letter for letter.
var (
	originPattern = regexp.MustCompile(
		`^(https://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])|http://localhost)(:[1-9][0-9]{0,4})?$`)
	usualPort = regexp.MustCompile(`^(https:.*:443|http:.*:80)$`)
)

// checkWeb lists what is wrong with the addresses of the API and the screens.
func (c config) checkWeb() (errs []error) {
	if (c.Web.TLS.Cert == "") != (c.Web.TLS.Key == "") {
		errs = append(errs, fmt.Errorf("web.tls needs both cert and key, or neither"))
	}
	errs = append(errs, below("web.oidc", errors.Join(c.Web.OIDC.Check()...))...)
	for _, origin := range c.Web.Embed.Origins {
		if !originPattern.MatchString(origin) || usualPort.MatchString(origin) {
			errs = append(errs, fmt.Errorf("web.embed.origins has %q: write a page's origin as browsers do, in small letters, "+
				"without a path and the usual port, such as https://crm.example.com; http:// only at localhost", origin))
		}
	}
	if c.Web.URL == "" {
		return errs
	}
	u, err := url.Parse(c.Web.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" && u.Path != "/" ||
		u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		errs = append(errs, fmt.Errorf("web.url is %q: it must be the address that people type, such as "+
			"https://countersign.example.com", c.Web.URL))
	}
	return errs
}

// webTLS says whether we do TLS ourselves.
func (c config) webTLS() bool { return c.Web.TLS.Cert != "" }

// webURL is the address under which browsers reach the screens, without a slash at its end. at is where we listen, or "".
func (c config) webURL(at string) string {
	if c.Web.URL != "" {
		return strings.TrimSuffix(c.Web.URL, "/")
	}
	scheme := "http://"
	if c.webTLS() {
		scheme = "https://"
	}
	address := cmp.Or(at, c.Web.Listen)
	if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		address = net.JoinHostPort("localhost", port)
	}
	return scheme + address
}

// webSecure says whether browsers reach us over TLS, ours or a proxy's.
func (c config) webSecure() bool { return strings.HasPrefix(c.webURL(""), "https://") }
