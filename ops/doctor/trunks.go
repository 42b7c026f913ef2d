package doctor

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/freeswitch"
	"countersign/session/trunks"
)

// trunksBringKeys reads which trunks the service found silent.
func trunksBringKeys(_ context.Context, o Options) (found []Finding) {
	silent, err := trunks.Read(o.Files.Trunks)
	if err != nil {
		return []Finding{unreadable(o, err)}
	}
	for _, s := range silent {
		found = append(found, problem("call it by that trunk, and see docs/freeswitch.md#which-keys-count: "+
			"keys.trunks."+s.Trunk+".in_band, or the carrier's setting for telephone-event (RFC 4733)",
			"no key was heard on the trunk %s in %d calls in a row since %s (alarm of %s)", s.Trunk, s.Calls,
			s.Since.Local().Format(time.DateTime), s.Raised.Local().Format(time.DateTime)))
	}
	return found
}

// maskingApplications are what FreeSWITCH needs to keep secrets out of a recording.
var maskingApplications = []string{"record_session_mask", "record_session_unmask"}

// recordingsCanBeMasked looks for dialplans that record calls and do not say so, and asks each FreeSWITCH whose event
// socket we know whether it can mask.
func recordingsCanBeMasked(ctx context.Context, o Options) (found []Finding) {
	if conf := freeSWITCHConf(o.FreeSWITCH); conf != "" {
		found = append(found, recordedUnnamed(filepath.Join(conf, "dialplan"))...)
	}
	for _, server := range o.EventSockets {
		in := freeswitch.NewInbound(server)
		asking, cancel := context.WithTimeout(ctx, o.Timeout)
		list, err := in.API(asking, "show application")
		cancel()
		in.Close()
		if err != nil {
			continue // the check of step-ups says so
		}
		if missing := unmaskable(list); len(missing) > 0 {
			found = append(found, problem("use a FreeSWITCH from 1.10 on, or record after Countersign only",
				"the FreeSWITCH of %s has no %s: recordings of calls hold secrets", server.Address, strings.Join(missing, ", ")))
		}
	}
	return found
}

// unmaskable are the applications that are missing in the list of all.
func unmaskable(list string) (missing []string) {
	for _, name := range maskingApplications {
		if !strings.Contains("\n"+list, "\n"+name+",") {
			missing = append(missing, name)
		}
	}
	return missing
}

// recordedUnnamed names the dialplan files that record and never set cs_recording.
func recordedUnnamed(dialplan string) (found []Finding) {
	_ = filepath.WalkDir(dialplan, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".xml" {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		text := string(b)
		if strings.Contains(text, `application="record_session"`) && !strings.Contains(text, "cs_recording=") {
			found = append(found, note("set cs_recording to the same path before it, if such calls go to Countersign",
				"%s records calls (record_session) without cs_recording: Countersign cannot mask secrets there", path))
		}
		return nil
	})
	return found
}
