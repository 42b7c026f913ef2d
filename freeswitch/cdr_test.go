package freeswitch_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const cdrWithin = time.Minute

// callRecord is what mod_json_cdr writes of a leg when it has ended.
type callRecord struct {
	// Variables are all channel variables at the end.
	Variables map[string]string `json:"variables"`
	AppLog    struct {
		Applications []struct {
			Name  string `json:"app_name"`
			Data  string `json:"app_data"`
			Stamp string `json:"app_stamp"`
		} `json:"applications"`
	} `json:"app_log"`
}

// Ran counts how often an application was run with these arguments.
func (r callRecord) Ran(application, arguments string) (n int) {
	for _, a := range r.AppLog.Applications {
		if a.Name == application && a.Data == arguments {
			n++
		}
	}
	return n
}

// RanAt is how long after the INVITE an application was first run with these arguments.
func (r callRecord) RanAt(t testing.TB, application, arguments string) time.Duration {
	t.Helper()
	for _, a := range r.AppLog.Applications {
		if a.Name == application && a.Data == arguments {
			begin, err := strconv.ParseInt(r.Variables["start_uepoch"], 10, 64)
			require.NoError(t, err)
			at, err := strconv.ParseInt(a.Stamp, 10, 64)
			require.NoError(t, err)
			return time.Duration(at-begin) * time.Microsecond
		}
	}
	require.Fail(t, "never ran "+application+" "+arguments, "%+v", r.AppLog.Applications)
	return 0
}

// LastRanAt is how long after the INVITE an application was last run with these arguments.
func (r callRecord) LastRanAt(t testing.TB, application, arguments string) time.Duration {
	t.Helper()
	all := r.AppLog.Applications
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Name == application && all[i].Data == arguments {
			last := r
			last.AppLog.Applications = all[i:]
			return last.RanAt(t, application, arguments)
		}
	}
	return r.RanAt(t, application, arguments) // which says that it never ran
}

// record waits for the call record of the leg that came in with a SIP Call-ID.
func (f *freeSWITCH) record(t testing.TB, callID string) callRecord {
	t.Helper()
	return f.recordWhere(t, "with Call-ID "+callID, func(r callRecord) bool {
		return r.Variables["sip_call_id"] == callID && r.Variables["direction"] == "inbound"
	})
}

func (f *freeSWITCH) recordWhere(t testing.TB, what string, wanted func(callRecord) bool) callRecord {
	t.Helper()
	var found callRecord
	require.True(t, await(cdrWithin, func() bool {
		files, err := filepath.Glob(filepath.Join(f.LogDir, "json_cdr", "*.json"))
		require.NoError(t, err)
		for _, name := range files {
			b, err := os.ReadFile(name)
			require.NoError(t, err)
			var r callRecord
			if json.Unmarshal(b, &r) == nil && wanted(r) { // a record that is still being written does not parse
				found = r
				return true
			}
		}
		return false
	}), "no call record %s in %s", what, cdrWithin)
	return found
}
