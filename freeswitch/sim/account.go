package sim

import (
	"strconv"
	"time"
)

// account sets the variables of CHANNEL_HANGUP_COMPLETE, those of a call detail record (switch_channel_set_timestamps,
// mod_sofia).
func (c *call) account() {
	v, p := &c.vars, &c.profile
	end := p.hungUp
	v.set("hangup_cause", c.cause)
	v.set("hangup_cause_q850", strconv.Itoa(q850(c.cause)))
	digits := "none"
	if len(c.dialed) > 0 {
		digits = string(c.dialed)
	}
	v.set("digits_dialed", digits)
	v.set("start_stamp", stamp(p.arrived))
	v.set("profile_start_stamp", stamp(p.created))
	v.set("answer_stamp", stamp(p.answered))
	v.set("end_stamp", stamp(end))
	epochs := []struct {
		name string
		at   time.Time
	}{
		{"start", p.arrived}, {"profile_start", p.created}, {"answer", p.answered}, {"bridge", time.Time{}},
		{"last_hold", time.Time{}},
	}
	for _, e := range epochs {
		c.epoch(e.name, e.at)
	}
	for _, name := range []string{"hold_accum_seconds", "hold_accum_usec", "hold_accum_ms"} {
		v.set(name, "0")
	}
	c.epoch("resurrect", time.Time{})
	c.epoch("progress", time.Time{})
	c.epoch("progress_media", p.media)
	c.epoch("end", end)
	v.set("last_app", c.lastApp.Application)
	v.set("last_arg", c.lastApp.Data)
	v.set("caller_id", `"`+p.name+`" <`+p.number+">")
	c.durations(end)
	if !c.byCaller {
		v.set("sip_hangup_disposition", "send_bye")
	}
	for _, s := range rtpStatistics {
		v.set("rtp_audio_"+s.Name, s.Value)
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

func (c *call) epoch(name string, t time.Time) {
	var s int64
	if !t.IsZero() {
		s = t.Unix()
	}
	c.vars.set(name+"_epoch", strconv.FormatInt(s, 10))
	c.vars.set(name+"_uepoch", micros(t))
}

// durations sets each span in seconds, milliseconds and microseconds. Whole seconds are the difference of the Unix
// seconds.
func (c *call) durations(end time.Time) {
	p := &c.profile
	spans := []struct {
		name     string
		from, to time.Time
	}{
		{"duration", p.arrived, end}, {"bill", p.answered, end}, {"progress", time.Time{}, end},
		{"answer", p.arrived, p.answered}, {"wait", time.Time{}, end}, {"progress_media", p.arrived, p.media},
		{"flow_bill", p.arrived, end},
	}
	for _, unit := range []struct {
		prefix, suffix string
		of             func(from, to time.Time) int64
	}{
		{"", "sec", func(from, to time.Time) int64 { return to.Unix() - from.Unix() }},
		{"m", "msec", func(from, to time.Time) int64 { return to.Sub(from).Milliseconds() }},
		{"u", "usec", func(from, to time.Time) int64 { return to.Sub(from).Microseconds() }},
	} {
		for _, s := range spans {
			var n int64
			if !s.from.IsZero() && !s.to.IsZero() {
				n = unit.of(s.from, s.to)
			}
			name := s.name + unit.suffix
			if s.name == "duration" {
				name = unit.prefix + s.name
			}
			c.vars.set(name, strconv.FormatInt(n, 10))
		}
	}
}

// rtpStatistics are those of a call without audio.
var rtpStatistics = []Variable{
	{"in_raw_bytes", "0"}, {"in_media_bytes", "0"}, {"in_packet_count", "0"}, {"in_media_packet_count", "0"},
	{"in_skip_packet_count", "0"},
	{"in_jitter_packet_count", "0"}, {"in_dtmf_packet_count", "0"}, {"in_cng_packet_count", "0"},
	{"in_flush_packet_count", "0"},
	{"in_largest_jb_size", "0"}, {"in_jitter_min_variance", "0.00"}, {"in_jitter_max_variance", "0.00"},
	{"in_jitter_loss_rate", "0.00"},
	{"in_jitter_burst_rate", "0.00"}, {"in_mean_interval", "0.00"}, {"in_flaw_total", "0"},
	{"in_quality_percentage", "100.00"},
	{"in_mos", "4.50"}, {"out_raw_bytes", "0"}, {"out_media_bytes", "0"}, {"out_packet_count", "0"},
	{"out_media_packet_count", "0"},
	{"out_skip_packet_count", "0"}, {"out_dtmf_packet_count", "0"}, {"out_cng_packet_count", "0"},
	{"rtcp_packet_count", "0"},
	{"rtcp_octet_count", "0"},
}

// q850 is the number of a hangup cause.
func q850(cause string) int {
	switch cause {
	case "NORMAL_CLEARING":
		return 16
	case "USER_BUSY":
		return 17
	case "NO_ANSWER":
		return 19
	case "CALL_REJECTED":
		return 21
	case "EXCHANGE_ROUTING_ERROR":
		return 25
	case "DESTINATION_OUT_OF_ORDER":
		return 27
	case "NORMAL_TEMPORARY_FAILURE":
		return 41
	default:
		return 31
	}
}
