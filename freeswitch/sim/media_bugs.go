package sim

import (
	"slices"
	"strings"
)

// Recording is what a recording of the call (record_session) holds: the names of prompts that began while it was not
// masked, and the keys that were in the caller's sound then, one each, in their order.
type Recording struct {
	Path   string
	Masked bool // at the end
	Holds  []string
}

// What FreeSWITCH attaches to a call's sound. A path that nobody records is no error for any of them.

// recordSession is record_session: <path> and options. A second time it goes on as it is.
func (c *call) recordSession(data string) {
	if c.startTap(data) {
		return
	}
	path, _, _ := strings.Cut(data, " ")
	if path != "" && c.recording(path) == nil {
		c.recordings = append(c.recordings, &Recording{Path: path})
	}
}

func (c *call) recording(path string) *Recording {
	if i := slices.IndexFunc(c.recordings, func(r *Recording) bool { return r.Path == path }); i >= 0 {
		return c.recordings[i]
	}
	return nil
}

// maskRecording is record_session_mask and record_session_unmask. The whole argument is the path.
func (c *call) maskRecording(path string, masked bool) {
	if r := c.recording(path); r != nil {
		r.Masked = masked
	}
}

// stopRecording is stop_record_session: a path, or "all".
func (c *call) stopRecording(path string) {
	if c.tap != nil && (c.tap.file.Name() == path || strings.EqualFold(path, "all")) {
		c.stopTap()
	}
	for _, r := range c.recordings {
		if strings.EqualFold(path, "all") || r.Path == path {
			c.result.Recordings = append(c.result.Recordings, *r)
		}
	}
	c.recordings = slices.DeleteFunc(c.recordings, func(r *Recording) bool {
		return strings.EqualFold(path, "all") || r.Path == path
	})
}

// recorded adds to the recordings that are not masked.
func (c *call) recorded(what string) {
	for _, r := range c.recordings {
		if !r.Masked && what != "" {
			r.Holds = append(r.Holds, what)
		}
	}
}

// heardInBand says whether a key in the caller's sound counts, and has it in the recordings. Keys that come as RFC 4733
// events count always, and are in no recording.
func (c *call) heardInBand(k byte) bool {
	if !c.o.InBand {
		return true
	}
	c.recorded(string(k))
	return c.tones
}
