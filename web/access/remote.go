package access

import (
	"net"
	"net/http"
	"net/netip"
)

// Remote is where a request comes from, as limits count it: an IPv4 address, or the /64 of an IPv6 address, which is one
// household. Behind a proxy it is the proxy's: anybody can write the headers that say otherwise.
func Remote(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
