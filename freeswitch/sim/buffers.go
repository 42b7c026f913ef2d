package sim

// buffers are what a call writes into, used again by the next.
type buffers struct {
	out, read, caller []byte
	vars              variables
}

// recycle ends the connection, if the call has not, and gives the buffers back.
func (c *call) recycle() {
	c.wire.release()
	v := &c.vars
	clear(v.made)
	c.sw.buffers.Put(&buffers{c.wire.out[:0], c.wire.readBuffer[:0], c.callerHeaders[:0],
		variables{v.order[:0], v.made[:0], v.lines[:0]}})
}
