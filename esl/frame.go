package esl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// ErrFrame: the peer sent something that is not an event-socket frame or is too large. The connection cannot go on.
var ErrFrame = errors.New("bad frame")

// frame is one message: a header block and, if it has a Content-Length, a body. Both are slices of the reader's buffer,
// valid until the next read.
type frame struct {
	head header
	body []byte
}

// frameReader cuts a stream into frames. Its buffer never holds more than one frame of the largest size plus one read, and
// is a small one between frames: most calls wait most of the time. A frame is overwritten before the next one is read,
// because it may hold digits.
type frameReader struct {
	src                io.Reader
	maxHeader, maxBody int
	// arm is called before each read, to set its deadline; begun says that part of a frame has been read.
	arm func(begun bool)

	buf        []byte
	small      []byte // the small buffer while buf is a large one
	start, end int    // the unread bytes are buf[start:end]
	used       int    // buf[start-used:start] is the last frame
}

// Most frames are replies and fit into smallBuffer; events with a channel's variables fit into largeBuffer.
const (
	smallBuffer = 1 << 10
	largeBuffer = 16 << 10
)

// largeBuffers are lent to readers while they read a large frame. They are overwritten before they come back.
var largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}

// next reads one frame. io.EOF means that the stream ended between two frames.
func (r *frameReader) next() (frame, error) {
	r.release()
	searched := 0
	for {
		unread := r.buf[r.start:r.end]
		if len(unread) > 0 && unread[0] == '\n' {
			return frame{}, fmt.Errorf("%w: an empty line where a header should begin", ErrFrame)
		}
		if i := bytes.Index(unread[searched:], []byte("\n\n")); i >= 0 {
			headLen := searched + i + 1
			if headLen > r.maxHeader {
				return frame{}, fmt.Errorf("%w: header of %d bytes, at most %d are allowed", ErrFrame, headLen, r.maxHeader)
			}
			return r.withBody(headLen)
		}
		if len(unread) > r.maxHeader {
			return frame{}, fmt.Errorf("%w: header of more than %d bytes", ErrFrame, r.maxHeader)
		}
		searched = max(0, len(unread)-1)
		if err := r.fill(); err != nil {
			return frame{}, err
		}
	}
}

func (r *frameReader) withBody(headLen int) (frame, error) {
	bodyLen, err := contentLength(header(r.buf[r.start : r.start+headLen]))
	if err != nil {
		return frame{}, err
	}
	if bodyLen > r.maxBody {
		return frame{}, fmt.Errorf("%w: Content-Length %d, at most %d bytes are allowed", ErrFrame, bodyLen, r.maxBody)
	}
	bodyAt := headLen + 1
	for r.end-r.start < bodyAt+bodyLen {
		if err := r.fill(); err != nil {
			return frame{}, err
		}
	}
	f := frame{head: header(r.buf[r.start : r.start+headLen]), body: r.buf[r.start+bodyAt : r.start+bodyAt+bodyLen]}
	r.used = bodyAt + bodyLen
	r.start += r.used
	return f, nil
}

// contentLength reads the length of the body; no line means no body.
func contentLength(h header) (int, error) {
	v, ok := h.raw("Content-Length")
	if !ok {
		return 0, nil
	}
	if len(v) > 10 {
		return 0, fmt.Errorf("%w: Content-Length of %d digits", ErrFrame, len(v))
	}
	n, err := strconv.Atoi(string(v))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: Content-Length %q is not a length", ErrFrame, v)
	}
	return n, nil
}

// fill reads more bytes, making room first.
func (r *frameReader) fill() error {
	if r.end == len(r.buf) {
		r.makeRoom()
	}
	if r.arm != nil {
		r.arm(r.end > r.start)
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		switch {
		case n > 0:
			return nil
		case err == io.EOF && r.end > r.start:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

// makeRoom moves the unread bytes to the front, of a larger buffer if they fill more than half of this one.
func (r *frameReader) makeRoom() {
	unread := r.buf[r.start:r.end]
	old := r.buf
	switch {
	case r.buf == nil:
		r.buf = make([]byte, smallBuffer)
	case len(r.buf) < largeBuffer:
		r.buf = largeBuffers.Get().(*[largeBuffer]byte)[:]
	case len(unread) > len(r.buf)/2:
		r.buf = make([]byte, 2*len(r.buf))
	}
	n := copy(r.buf, unread)
	if &r.buf[0] == firstByte(old) {
		clear(r.buf[n:r.end])
	} else {
		clear(old)
		r.keepSmall(old)
	}
	r.start, r.end, r.used = 0, n, 0
}

// keepSmall keeps a wiped buffer for the time between frames, or gives it back.
func (r *frameReader) keepSmall(wiped []byte) {
	switch len(wiped) {
	case smallBuffer:
		r.small = wiped
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(wiped))
	}
}

func firstByte(b []byte) *byte {
	if len(b) == 0 {
		return nil
	}
	return &b[0]
}

// release overwrites the last frame.
func (r *frameReader) release() {
	clear(r.buf[r.start-r.used : r.start])
	r.used = 0
	if r.start < r.end {
		return
	}
	r.start, r.end = 0, 0
	if len(r.buf) > smallBuffer { // all of it is overwritten: each frame was, and what makeRoom moved
		r.keepSmall(r.buf)
		r.buf, r.small = r.small, nil
	}
}

// wipe overwrites everything that was read. The reader must not be used afterwards.
func (r *frameReader) wipe() {
	clear(r.buf)
	r.keepSmall(r.buf)
	*r = frameReader{}
}
