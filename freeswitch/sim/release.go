package sim

// Release is a release of FreeSWITCH, as far as a service can tell from the socket.
type Release int

const (
	// Release1_10 is FreeSWITCH 1.10.12, what most installations run.
	Release1_10 Release = iota
	// Release1_11 is FreeSWITCH 1.11.2. Its events have other line numbers, and it closes the connection on a command
	// with a Content-Length below 0 or above 16 MiB.
	Release1_11

	releases int = iota
)

// mostContent is MAX_CONTENT_LENGTH of 1.11's mod_event_socket.
const mostContent = 16 << 20

// refuses reports whether FreeSWITCH closes the connection on a command with this Content-Length.
func (r Release) refuses(length int) bool {
	return r >= Release1_11 && (length < 0 || length > mostContent)
}
