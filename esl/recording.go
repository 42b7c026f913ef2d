package esl

// recordingOf is the variable in which the dialplan names the file that it records the call to (record_session), or
// "all" for recordings that have no name there.
const recordingOf = "cs_recording"

// recording keeps secrets out of what FreeSWITCH records of the call. Its commands go in front of prompts and
// questions, and only where something changes; a call that is not recorded has none. It fails closed: what a crash
// leaves masked stays masked.
type recording struct {
	mask, unmask string // commands; no mask: nothing is recorded. No unmask: it was stopped for good.
	masked       bool
	// secret: what is said and keyed from the next command on must not be recorded.
	secret bool
	// untilTheEnd masks from the first prompt to the hand-over: the keys are in the sound, and a caller may key a secret
	// before it is asked for.
	untilTheEnd bool
}

// newRecording reads cs_recording. named is false if it cannot be used as a name: all recordings are then stopped at
// the first secret.
func newRecording(name string, keysInSound bool) (r recording, named bool) {
	r.untilTheEnd, r.secret = keysInSound, keysInSound
	if name == "" {
		return r, true
	}
	if name != "all" {
		mask, err := execute("record_session_mask", name, "")
		if err == nil {
			r.mask, r.unmask = mask, constant("record_session_unmask", name)
			return r, true
		}
	}
	r.mask = stopRecordings
	return r, name == "all"
}

var stopRecordings = constant("stop_record_session", "all")

// question notes that the caller is asked for something.
func (r *recording) question(secret bool) { r.secret = secret || r.untilTheEnd }

// prompt notes that the caller is told something.
func (r *recording) prompt() { r.secret = r.secret && r.untilTheEnd }

// commands mask or unmask, if it is time to.
func (r *recording) commands() []outgoing {
	switch {
	case r.mask == "" || r.secret == r.masked:
		return nil
	case r.secret:
		r.masked = true
		return []outgoing{{text: r.mask}}
	case r.unmask == "":
		return nil
	}
	r.masked = false
	return []outgoing{{text: r.unmask}}
}

// end is what unmasks when the call goes on without us.
func (r *recording) end() []outgoing {
	r.secret = false
	return r.commands()
}
