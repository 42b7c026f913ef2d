package sim

import "strconv"

// leg is the SIP side of one call; all of it is made up.
type leg struct {
	from, uri, host, port string // of the From header
	dialled               string
	source                string // the port that the INVITE came from
	tag, callID           string
	branch                string
	remoteRTP, localRTP   string
	inBand                bool   // no telephone-event
	withheld              string // the asserted number, if the caller withholds it
}

func newLeg(o CallOptions) leg {
	id := strconv.Itoa(10000 + int(number(50000)))
	l := leg{from: o.From, host: "127.0.0.1", port: strconv.Itoa(6000 + int(number(1000))), dialled: o.To,
		inBand: o.InBand}
	l.source = l.port
	l.uri = l.from + "@" + l.host + ":" + l.port
	if o.Withheld {
		l.withheld, l.from, l.host, l.port = o.From, "anonymous", "anonymous.invalid", ""
		l.uri = "anonymous@anonymous.invalid"
	}
	l.tag, l.callID, l.branch = id+"SIPpTag001", "1-"+id+"@127.0.0.1", "z9hG4bK-"+id+"-1-"
	l.remoteRTP = strconv.Itoa(40000 + int(number(5000))*2)
	l.localRTP = strconv.Itoa(16384 + int(number(8000))*2)
	return l
}

func (l leg) strippedFrom() string {
	if len(l.from) > 0 && l.from[0] == '+' {
		return l.from[1:]
	}
	return l.from
}

func (l leg) fullFrom() string {
	display := ""
	if l.withheld != "" {
		display = `"Anonymous" `
	}
	return display + "<sip:" + l.uri + ">;tag=" + l.tag
}

func (l leg) fullVia(n string) string {
	return "SIP/2.0/UDP 127.0.0.1:" + l.source + ";branch=" + l.branch + n
}

func (l leg) remoteSDP() string {
	return "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio " + l.remoteRTP + l.media()
}

// media is what both sides speak: PCMU, and keys as events unless they are in the sound.
func (l leg) media() string {
	if l.inBand {
		return " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	}
	return " RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
}

func (l leg) localSDP(session int64) string {
	id := strconv.FormatInt(session, 10) + " " + strconv.FormatInt(session+1, 10)
	return "v=0\r\no=FreeSWITCH " + id + " IN IP4 127.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio " + l.localRTP + l.media() + "a=ptime:20\r\na=sendrecv\r\n"
}

// arrivalVariables are the variables of a call that has just come in over SIP, in the recorded order. Those with a
// value are the same for every call; their lines are rendered once.
var arrivalVariables = prepare([]arrivalVariable{
	{name: "direction", value: "inbound"},
	{name: "uuid", of: func(c *call) string { return c.profile.uuid }},
	{name: "session_id", of: func(c *call) string { return strconv.Itoa(int(c.session)) }},
	{name: "sip_from_user", of: func(c *call) string { return c.leg.from }},
	{name: "sip_from_port", of: func(c *call) string { return c.leg.port }},
	{name: "sip_from_uri", of: func(c *call) string { return c.leg.uri }},
	{name: "sip_from_host", of: func(c *call) string { return c.leg.host }},
	{name: "video_media_flow", value: "disabled"},
	{name: "text_media_flow", value: "disabled"},
	{name: "channel_name", of: func(c *call) string { return c.profile.channel }},
	{name: "sip_call_id", of: func(c *call) string { return c.leg.callID }},
	{name: "sip_local_network_addr", value: "127.0.0.1"},
	{name: "sip_network_ip", value: "127.0.0.1"},
	{name: "sip_network_port", of: func(c *call) string { return c.leg.source }},
	{name: "sip_invite_stamp", of: func(c *call) string { return micros(c.profile.arrived) }},
	{name: "sip_received_ip", value: "127.0.0.1"},
	{name: "sip_received_port", of: func(c *call) string { return c.leg.source }},
	{name: "sip_via_protocol", value: "udp"},
	{name: "sip_from_user_stripped", of: func(c *call) string { return c.leg.strippedFrom() }},
	{name: "sip_from_tag", of: func(c *call) string { return c.leg.tag }},
	{name: "sofia_profile_name", value: "internal"},
	{name: "sofia_profile_url", value: "sip:mod_sofia@127.0.0.1:5080"},
	{name: "recovery_profile_name", value: "internal"},
	{name: "sip_P-Asserted-Identity", of: func(c *call) string { return c.leg.withheld }},
	{name: "sip_cid_type", of: onlyWithheld("pid")},
	{name: "sip_full_via", of: func(c *call) string { return c.leg.fullVia("0") }},
	{name: "sip_from_display", of: onlyWithheld("Anonymous")},
	{name: "sip_full_from", of: func(c *call) string { return c.leg.fullFrom() }},
	{name: "sip_full_to", of: func(c *call) string { return "<sip:" + c.leg.dialled + "@127.0.0.1:5080>" }},
	{name: "sip_req_user", of: func(c *call) string { return c.leg.dialled }},
	{name: "sip_req_port", value: "5080"},
	{name: "sip_req_uri", of: func(c *call) string { return c.leg.dialled + "@127.0.0.1:5080" }},
	{name: "sip_req_host", value: "127.0.0.1"},
	{name: "sip_to_user", of: func(c *call) string { return c.leg.dialled }},
	{name: "sip_to_port", value: "5080"},
	{name: "sip_to_uri", of: func(c *call) string { return c.leg.dialled + "@127.0.0.1:5080" }},
	{name: "sip_to_host", value: "127.0.0.1"},
	{name: "sip_contact_user", value: "sipp"},
	{name: "sip_contact_port", of: func(c *call) string { return c.leg.source }},
	{name: "sip_contact_uri", of: func(c *call) string { return "sipp@127.0.0.1:" + c.leg.source }},
	{name: "sip_contact_host", value: "127.0.0.1"},
	{name: "sip_via_host", value: "127.0.0.1"},
	{name: "sip_via_port", of: func(c *call) string { return c.leg.source }},
	{name: "max_forwards", value: "70"},
	{name: "sip_Privacy", of: onlyWithheld("id")},
	{name: "switch_r_sdp", of: func(c *call) string { return c.leg.remoteSDP() }},
	{name: "ep_codec_string", value: "CORE_PCM_MODULE.PCMU@8000h@20i@64000b"},
	{name: "rtp_use_codec_string", value: "L16@16000h,PCMU,PCMA"},
	{name: "remote_video_media_flow", value: "inactive"},
	{name: "remote_text_media_flow", value: "inactive"},
	{name: "remote_audio_media_flow", value: "sendrecv"},
	{name: "audio_media_flow", value: "sendrecv"},
	{name: "remote_media_ip", value: "127.0.0.1"},
	{name: "remote_media_port", of: func(c *call) string { return c.leg.remoteRTP }},
	{name: "rtp_audio_recv_pt", value: "0"},
	{name: "rtp_use_codec_name", value: "PCMU"},
	{name: "rtp_use_codec_rate", value: "8000"},
	{name: "rtp_use_codec_ptime", value: "20"},
	{name: "rtp_use_codec_channels", value: "1"},
	{name: "rtp_last_audio_codec_string", value: "PCMU@8000h@20i@1c"},
	{name: "read_codec", value: "PCMU"},
	{name: "original_read_codec", value: "PCMU"},
	{name: "read_rate", value: "8000"},
	{name: "original_read_rate", value: "8000"},
	{name: "write_codec", value: "PCMU"},
	{name: "write_rate", value: "8000"},
	{name: "dtmf_type", of: func(c *call) string {
		if c.leg.inBand {
			return "info"
		}
		return "rfc2833"
	}},
	{name: "endpoint_disposition", value: "RECEIVED"},
	{name: "DP_MATCH", of: func(c *call) string { return "ARRAY::" + c.leg.dialled + "|:" + c.leg.dialled }},
	{name: "call_uuid", of: func(c *call) string { return c.profile.uuid }},
})

type arrivalVariable struct {
	name, value, line string
	of                func(*call) string
}

func onlyWithheld(value string) func(*call) string {
	return func(c *call) string {
		if c.leg.withheld == "" {
			return ""
		}
		return value
	}
}

func prepare(list []arrivalVariable) []arrivalVariable {
	for i := range list {
		if list[i].of == nil {
			list[i].line = "variable_" + list[i].name + ": " + encoded(list[i].value) + "\n"
		}
	}
	return list
}

// arrive sets the arrival variables.
func (c *call) arrive() {
	for _, a := range arrivalVariables {
		if a.of == nil {
			c.vars.append(variable{name: a.name, value: a.value, fixed: a.line})
		} else if value := a.of(c); value != "" {
			c.vars.add(a.name, value)
		}
	}
}

// mediaUp sets what is known once media flows: at the answer, or before it with early media.
func (c *call) mediaUp() {
	v := &c.vars
	v.set("rtp_local_sdp_str", c.leg.localSDP(c.profile.arrived.Unix()-20000))
	v.set("local_media_ip", "127.0.0.1")
	v.set("local_media_port", c.leg.localRTP)
	v.set("advertised_media_ip", "127.0.0.1")
	v.set("rtp_use_timer_name", "soft")
	v.set("rtp_use_pt", "0")
	v.set("rtp_use_ssrc", strconv.Itoa(int(700000000+number(1<<30))))
	if !c.leg.inBand {
		v.set("rtp_2833_send_payload", "101")
		v.set("rtp_2833_recv_payload", "101")
	}
	v.set("remote_media_ip", "127.0.0.1")
	v.set("remote_media_port", c.leg.remoteRTP)
}

// acknowledged is the caller's ACK: the SIP variables are written again.
func (c *call) acknowledged() {
	v, tag := &c.vars, newUUID()[:13]
	v.set("sip_to_tag", tag)
	v.set("sip_from_tag", c.leg.tag)
	v.set("sip_cseq", "1")
	v.set("sip_call_id", c.leg.callID)
	v.set("sip_full_via", c.leg.fullVia("5"))
	if c.leg.withheld != "" {
		v.set("sip_from_display", "Anonymous")
	}
	v.set("sip_full_from", c.leg.fullFrom())
	v.set("sip_full_to", "<sip:"+c.leg.dialled+"@127.0.0.1:5080>;tag="+tag)
}
