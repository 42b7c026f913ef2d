package freeswitch_test

import (
	"encoding/binary"
	"net"
)

// sender is a stream of RTP packets to one place.
type sender struct {
	conn *net.UDPConn
	to   *net.UDPAddr
	seq  uint16
	ssrc uint32
}

func (s *sender) send(marker bool, payloadType byte, stamp uint32, payload []byte) {
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, payloadType
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], s.seq)
	binary.BigEndian.PutUint32(b[4:], stamp)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	_, _ = s.conn.WriteToUDP(append(b, payload...), s.to)
	s.seq++
}

// keyEvent is the payload of RFC 4733: event, end and volume, duration in samples.
func keyEvent(key byte, duration int, end bool) []byte {
	const volume = 10
	b := []byte{key - '0', volume, 0, 0}
	switch key {
	case '*':
		b[0] = 10
	case '#':
		b[0] = 11
	}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(duration))
	return b
}
