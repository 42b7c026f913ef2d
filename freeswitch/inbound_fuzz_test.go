package freeswitch

import (
	"bufio"
	"bytes"
	"testing"
)

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"Content-Type: auth/request\n\n", "Content-Type: command/reply\nReply-Text: +OK accepted\n\n",
		"Content-Type: api/response\nContent-Length: 3\n\n+OK", "Content-Type: api/response\nContent-Length: -1\n\n",
		"\n\n\n", ":\n\n", "a", "Content-Length: 1048577\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		in := bufio.NewReaderSize(bytes.NewReader(stream), maxHeaderLine)
		for read := 0; ; {
			a, err := readAnswer(in, maxBody)
			if err != nil {
				return
			}
			if len(a.body) > len(stream) || len(a.kind) > maxHeaderLine || len(a.text) > maxHeaderLine {
				t.Fatalf("more than there was: %d bytes of %d", len(a.body), len(stream))
			}
			if read++; read > len(stream) {
				t.Fatal("frames out of nothing")
			}
		}
	})
}
