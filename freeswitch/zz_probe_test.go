package freeswitch_test

import (
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	f := startFreeSWITCH(t, options{})
	collect := execute("play_and_get_digits", "8 8 1 1000 # silence_stream://20 silence_stream://10 left '' 1000")
	for _, v := range []struct {
		name   string
		frames []string
	}{
		{"flush", []string{execute("flush_dtmf", "")}},
		{"playback 400", []string{execute("set", "playback_terminators=none"), execute("playback", "silence_stream://400")}},
		{"playback 200", []string{execute("set", "playback_terminators=none"), execute("playback", "silence_stream://200")}},
		{"playback 100", []string{execute("set", "playback_terminators=none"), execute("playback", "silence_stream://100")}},
		{"sleep eat 400", []string{execute("set", "sleep_eat_digits=true"), execute("sleep", "400")}},
		{"sleep eat 200", []string{execute("set", "sleep_eat_digits=true"), execute("sleep", "200")}},
		{"pagd 100 then", []string{execute("play_and_get_digits", "1 128 1 1000 # silence_stream://10 silence_stream://10 gone '' 1000")}},
		{"read", []string{execute("read", "0 128 silence_stream://10 gone 1 #")}},
		{"nothing", nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := listenAndSay(t, connect, execute("answer", ""), execute("multiset", "^^|sensitive_dtmf=true"))
			f.Set(t, "countersign_socket", s.Addr)
			c := callWithSIPp(t, f, dial{})
			f.calls.await(t, c.ID, "hidden", atOnce, func(s sighting) bool { return s.Application == "multiset" })
			c.Press("073519" + "*2486")
			s.mu.Lock()
			conn := s.conns[0]
			s.mu.Unlock()
			frames := append(v.frames, execute("set", "mark=1"), collect, execute("hangup", ""))
			conn.Write([]byte(strings.Join(frames, "")))
			at := time.Now()
			m := f.calls.await(t, c.ID, "mark", atOnce, func(s sighting) bool { return s.Application == "set" && s.Arguments == "mark=1" })
			c.AwaitOver(t, 20*time.Second)
			r := c.Record(t)
			t.Logf("%s: digits_dialed=%q left=%q gone=%q term=%q took %v", v.name, r.Variables["digits_dialed"], r.Variables["left"], r.Variables["gone"], r.Variables["read_terminator_used"], m.At.Sub(at).Round(time.Millisecond))
		})
	}
}
