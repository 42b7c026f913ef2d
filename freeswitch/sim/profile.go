package sim

import (
	"strconv"
	"time"
)

// profile is FreeSWITCH's caller profile: who calls whom, and the times of the call.
type profile struct {
	name, number, network   string
	destination, context    string
	uuid, channel           string
	transferSource, rdnis   string
	index                   int
	hidden                  bool
	created, arrived        time.Time // creation of this profile and of the channel
	answered, media, hungUp time.Time
}

// render appends the profile's headers with their prefix, "Caller-" or "Channel-"
// (switch_caller_profile_event_set_data).
func (p *profile) render(dst []byte, prefix string) []byte {
	put := func(name, value string) {
		if value == "" {
			return
		}
		dst = append(append(append(dst, prefix...), name...), ": "...)
		dst = append(encode(dst, value), '\n')
	}
	hide := strconv.FormatBool(p.hidden)
	put("Direction", "inbound")
	put("Logical-Direction", "inbound")
	put("Username", p.number)
	put("Dialplan", "XML")
	put("Caller-ID-Name", p.name)
	put("Caller-ID-Number", p.number)
	put("Orig-Caller-ID-Name", p.name)
	put("Orig-Caller-ID-Number", p.number)
	put("Network-Addr", p.network)
	put("ANI", p.number)
	put("Destination-Number", p.destination)
	put("Unique-ID", p.uuid)
	put("Source", "mod_sofia")
	put("Transfer-Source", p.transferSource)
	put("Context", p.context)
	put("RDNIS", p.rdnis)
	put("Channel-Name", p.channel)
	put("Profile-Index", strconv.Itoa(p.index))
	put("Profile-Created-Time", micros(p.created))
	put("Channel-Created-Time", micros(p.arrived))
	put("Channel-Answered-Time", micros(p.answered))
	put("Channel-Progress-Time", "0")
	put("Channel-Progress-Media-Time", micros(p.media))
	put("Channel-Hangup-Time", micros(p.hungUp))
	put("Channel-Transfer-Time", "0")
	put("Channel-Resurrect-Time", "0")
	put("Channel-Bridged-Time", "0")
	put("Channel-Last-Hold", "0")
	put("Channel-Hold-Accum", "0")
	put("Screen-Bit", "true")
	put("Privacy-Hide-Name", hide)
	put("Privacy-Hide-Number", hide)
	return dst
}

// micros is a time as FreeSWITCH writes it: microseconds since 1970, 0 for never.
func micros(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}
