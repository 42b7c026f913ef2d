package staff

import (
	"net"
	"net/http"
)

// from is the address that a request comes from. Behind a proxy it is the proxy's: anybody can write the headers that
// say otherwise.
func from(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
