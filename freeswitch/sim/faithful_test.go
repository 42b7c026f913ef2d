package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// volatile are headers whose values differ from call to call: ids, times and durations, sequence numbers, the machine,
// and what SIP and RTP generate. All others must be equal. * stands for any characters.
var volatile = []string{
	"Core-UUID", "FreeSWITCH-Hostname", "FreeSWITCH-Switchname", "FreeSWITCH-IPv4", "FreeSWITCH-IPv6",
	"Event-Date-*", "Event-Sequence", "Content-Length", "Controlled-Session-UUID",
	"Unique-ID", "Channel-Unique-ID", "Caller-Unique-ID", "Channel-Call-UUID", "variable_uuid", "variable_call_uuid",
	"variable_session_id",
	// These end with the caller's SIP port.
	"Channel-Name", "Channel-Channel-Name", "Caller-Channel-Name", "variable_channel_name",
	"Channel-Profile-Created-Time", "Channel-Channel-Created-Time", "Caller-Profile-Created-Time",
	"Caller-Channel-Created-Time",
	"Caller-Channel-Answered-Time", "Caller-Channel-Hangup-Time",
	"Caller-Transfer-Source", "variable_transfer_source", "variable_transfer_history", // time and id
	"variable_sip_from_port", "variable_sip_from_uri", "variable_sip_from_tag", "variable_sip_to_tag",
	"variable_sip_call_id",
	"variable_sip_network_port", "variable_sip_received_port", "variable_sip_via_port", "variable_sip_contact_port",
	"variable_sip_contact_uri",
	"variable_sip_full_via", "variable_sip_full_from", "variable_sip_full_to", "variable_sip_invite_stamp",
	"variable_rtp_local_sdp_str", "variable_rtp_use_ssrc", "variable_rtp_audio_*", "variable_switch_r_sdp",
	"variable_local_media_port", "variable_remote_media_port",
	"variable_last_sched_id",
	"variable_*_stamp", "variable_*_epoch", "variable_*_uepoch", "variable_*sec", "variable_duration",
	"variable_mduration",
	"variable_uduration", "variable_*msec", "variable_*usec",
	"DTMF-Duration",
}

// onlySet are volatile headers that must be 0 if and only if the recording's are.
var onlySet = []string{"Caller-Channel-Answered-Time", "Caller-Channel-Hangup-Time"}

func isVolatile(name string) bool {
	return slices.ContainsFunc(volatile, func(v string) bool {
		before, after, pattern := strings.Cut(v, "*")
		return v == name || pattern && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
	})
}

// scenario is the setup of a recording.
type scenario struct {
	recording string
	release   Release
	full      bool
	dialplan  []Action // before the socket
	call      CallOptions
	hangs     bool // the service stops answering but keeps the connection
	busy      bool // FreeSWITCH fired other events too (heartbeats), so the sequence numbers have gaps
	want      End
	to        string
}

// scenarios are the recordings that the simulator must reproduce. The others: full-linger-* need linger, which "async"
// alone refuses and the simulator lacks; speech-recognised was made by another caller (FreeSWITCH itself, 16 kHz), so
// its SIP and codec headers differ.
func scenarios() []scenario {
	resume := []Action{{"set", "socket_resume=true"}}
	at := func(wait time.Duration, keys string, then ...Act) Caller {
		return CallerFunc(func(p Prompt) []Act {
			if !p.Digits {
				return nil
			}
			return append(Pace{First: wait, Between: 400 * time.Millisecond}.Type(p, keys), then...)
		})
	}
	pin := func() CallOptions { return CallOptions{Caller: at(920*time.Millisecond, "1234#")} }
	return []scenario{
		{recording: "async-filtered-multiset-transfer", busy: true, dialplan: resume, call: pin(), want: Transferred,
			to: "agent XML public"},
		{recording: "async-filtered-pipelined", busy: true, dialplan: resume, call: pin(), want: HungUp},
		{recording: "async-only-what-is-allowed", dialplan: resume, call: pin(), want: HungUp},
		{recording: "sensitive-dtmf-and-unset", dialplan: resume, call: pin(), want: HungUp},
		{recording: "no-input-timeout", busy: true, dialplan: resume, full: true, want: HungUp},
		{recording: "caller-hangs-up-mid-prompt", dialplan: resume, full: true, want: CallerHungUp,
			call: CallOptions{Caller: at(920*time.Millisecond, "12", Act{Wait: 260 * time.Millisecond, HangUp: true})}},
		{recording: "server-closes-dialplan-resumes", dialplan: resume, call: pin(), want: Resumed, to: "agent XML public"},
		{recording: "server-dies-mid-prompt", dialplan: append(resume, Action{"sched_transfer", "+60 agent XML public"}),
			want: Resumed, to: "agent XML public"},
		{recording: "server-hangs", dialplan: append(resume, Action{"sched_transfer", "+0.1 agent XML public"}),
			hangs: true, want: DeadMan, to: "agent XML public"},
		{recording: "unknown-application", dialplan: resume, call: CallOptions{CutTail: true}, want: HungUp},
		{recording: "speech-engine-missing", dialplan: resume, want: HungUp},
		{recording: "anonymous-caller", dialplan: resume, want: HungUp,
			call: CallOptions{From: "+4930901820", Withheld: true, Caller: at(920*time.Millisecond, "1234#")}},
		{recording: "negative-content-length", dialplan: resume, want: HungUp},

		{recording: "async-filtered-multiset-transfer-1.11.2", release: Release1_11, busy: true, dialplan: resume,
			call: pin(), want: Transferred, to: "agent XML public"},
		{recording: "caller-hangs-up-mid-prompt-1.11.2", release: Release1_11, dialplan: resume, full: true,
			want: CallerHungUp,
			call: CallOptions{Caller: at(920*time.Millisecond, "12", Act{Wait: 260 * time.Millisecond, HangUp: true})}},
		{recording: "negative-content-length-1.11.2", release: Release1_11, dialplan: resume, want: Resumed,
			to: "agent XML public"},
		{recording: "content-length-over-16-mib-1.11.2", release: Release1_11, dialplan: resume, want: Resumed,
			to: "agent XML public"},
	}
}

func TestTheSimulatorSendsTheRecordedFrames(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.recording, func(t *testing.T) {
			t.Parallel()
			frames := readRecording(t, s.recording)
			theirs := fromFreeSWITCH(frames)
			address, wait := listen(t, func(service *service) { replay(service, frames, s.hangs) })
			sw, err := New(s.options(address))
			require.NoError(t, err)
			s.call.To = theirs[0].get("Channel-Destination-Number")
			if s.call.From == "" {
				s.call.From = "+15551234567"
			}
			result, err := sw.Call(t.Context(), s.call)
			require.NoError(t, err)
			ours := wait().got
			if s.hangs || s.to != "" && s.want != Transferred {
				ours = ours[:min(len(ours), len(theirs))] // the recording ends where the service did
			}
			compare(t, theirs, ours, !s.busy)
			assert.Equal(t, s.want, result.End, result.Reason)
			assert.Equal(t, s.to, result.Destination)
		})
	}
}

func (s scenario) options(address string) Options {
	mode := " async"
	if s.full {
		mode += " full"
	}
	plan := append(slices.Clone(s.dialplan), Action{"socket", address + mode}, Action{"transfer", "agent XML public"})
	began := time.Now()
	return Options{
		Release:  s.release,
		Dialplan: plan,
		Extensions: map[string][]Action{
			"agent XML public": {{"answer", ""}, {"playback", "tone_stream://%(200,100,440);loops=5"}, {"hangup", ""}},
		},
		// A slow clock, so that the service reacts within a frame and before the dead-man switch on a busy machine too.
		Now: func() time.Time { return began.Add(time.Since(began) / 50) },
	}
}

func fromFreeSWITCH(frames []recorded) []said {
	var list []said
	for _, f := range frames {
		if !f.fromService && !f.remark {
			if s, n := takeApart(f.bytes); n > 0 {
				list = append(list, s)
			}
		}
	}
	return list
}

// replay sends the service's recorded commands, each after as many frames as preceded it in the recording.
func replay(s *service, frames []recorded, hangs bool) {
	heard := 0
	for _, f := range frames {
		switch {
		case f.remark:
		case f.fromService:
			for len(s.got) < heard && s.more() {
			}
			s.send(string(f.bytes))
		default:
			heard++
		}
	}
	last := frames[len(frames)-1]
	if !hangs && !last.remark { // the service closes or dies: it reads no more
		for len(s.got) < heard && s.more() {
		}
		return
	}
	s.rest()
}

// compare compares a call with its recording. Replies and events come from two threads of FreeSWITCH, and events may
// overtake each other: it compares replies in order, and events in the order of their sequence numbers. With alone, it
// compares those numbers too.
func compare(t *testing.T, theirs, ours []said, alone bool) {
	t.Helper()
	split := func(list []said) (replies, events []said) {
		for _, s := range list {
			if s.event() {
				events = append(events, s)
			} else {
				replies = append(replies, s)
			}
		}
		slices.SortStableFunc(events, func(a, b said) int {
			return atoi(a.get("Event-Sequence")) - atoi(b.get("Event-Sequence"))
		})
		return replies, events
	}
	theirReplies, theirEvents := split(theirs)
	ourReplies, ourEvents := split(ours)
	parked := func(s said) bool { return s.get("Event-Name") == channelPark.name }
	// Whether it is sent depends on whether the filters come within a frame after myevents, in FreeSWITCH too.
	if !slices.ContainsFunc(theirEvents, parked) {
		ourEvents = slices.DeleteFunc(ourEvents, parked)
	}
	compareList(t, theirReplies, ourReplies)
	compareList(t, theirEvents, ourEvents)
	if alone {
		assert.Equal(t, numbers(theirEvents), numbers(ourEvents), "sequence numbers")
	}
}

func compareList(t *testing.T, theirs, ours []said) {
	t.Helper()
	kinds := func(list []said) []string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = s.is()
		}
		return out
	}
	require.Equal(t, kinds(theirs), kinds(ours), "kinds of frames")
	for i := range theirs {
		want, got := strings.Join(steady(theirs[i]), "\n"), strings.Join(steady(ours[i]), "\n")
		if want != got { // testify would print both in full
			t.Errorf("frame %d, %s:\n%s", i, theirs[i].is(), cmpLines(want, got))
		}
		if !theirs[i].event() {
			assert.Equal(t, theirs[i].body, ours[i].body)
		}
	}
}

// steady is a frame as lines, with * in place of volatile values.
func steady(s said) []string {
	socket := s.get("Application") == "socket"
	lines := make([]string, len(s.headers))
	for i, h := range s.headers {
		value := h.value
		switch {
		case slices.Contains(onlySet, h.name) && value != "0":
			value = "set"
		case isVolatile(h.name) && !slices.Contains(onlySet, h.name),
			h.name == "Application-UUID" && len(value) == 36,
			socket && h.name == "Application-Data", // the address of the service
			h.name == "variable_current_application_data" && strings.HasPrefix(value, "127.0.0.1%3A"):
			value = "*"
		}
		lines[i] = h.name + ": " + value
	}
	return lines
}

// cmpLines shows the first difference of two texts.
func cmpLines(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	lines := func(all []string, from, to int) string { return strings.Join(all[from:min(to, len(all))], " | ") }
	shorter := min(len(w), len(g))
	for i := range shorter {
		if w[i] != g[i] {
			return "recorded  " + lines(w, i, i+4) + "\nsimulated " + lines(g, i, i+4)
		}
	}
	return "recorded more: " + lines(w, shorter, len(w)) + "\nsimulated more: " + lines(g, shorter, len(g))
}

// numbers are the sequence numbers of events, counted from the first.
func numbers(events []said) []int {
	out := make([]int, len(events))
	for i, e := range events {
		out[i] = atoi(e.get("Event-Sequence")) - atoi(events[0].get("Event-Sequence"))
	}
	return out
}
