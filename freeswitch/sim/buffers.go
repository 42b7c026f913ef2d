package sim

// buffers are the buffers of one call, for the next one to reuse.
type buffers struct {
	out, read, caller []byte
	vars              variables
}

// recycle closes the connection, if still open, and returns the buffers.
func (c *call) recycle() {
	c.wire.release()
	v := &c.vars
	clear(v.made)
	empty := variables{v.order[:0], v.made[:0], v.lines[:0]}
	c.sw.buffers.Put(&buffers{c.wire.out[:0], c.wire.readBuffer[:0], c.callerHeaders[:0], empty})
}
