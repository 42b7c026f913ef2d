package freeswitch_test

import (
	"regexp"
)

var keyLogged = regexp.MustCompile(`DTMF ([0-9*#A-D])[: ]`)

func keysIn(text []byte) string {
	var keys []byte
	for _, m := range keyLogged.FindAllSubmatch(text, -1) {
		keys = append(keys, m[1]...)
	}
	return string(keys)
}
