package trunks_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/leaktest"
	"countersign/session/event"
	"countersign/session/trunks"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// counted is Trunks with a clock that goes a minute with each call, and the alarms so far.
type counted struct {
	*trunks.Trunks
	t      *testing.T
	now    time.Time
	alarms chan event.Alarm
}

func count(t *testing.T, silent int, file string) *counted {
	t.Helper()
	c := &counted{t: t, now: time.Date(2025, 11, 19, 9, 0, 0, 0, time.UTC), alarms: make(chan event.Alarm, 1000)}
	var err error
	c.Trunks, err = trunks.New(trunks.Options{Silent: silent, File: file, Now: func() time.Time { return c.now },
		Alarm: func(line string, a event.Alarm) {
			assert.Equal(t, "retail", line)
			c.alarms <- a
		}})
	require.NoError(t, err)
	return c
}

// calls counts calls: k has a key, s none though asked, - neither was asked nor keyed. It returns the alarms.
func (c *counted) calls(trunk, what string) (raised []event.Alarm) {
	for _, w := range what {
		c.now = c.now.Add(time.Minute)
		c.Ended(trunk, "retail", w == 'k', w == 's')
	}
	c.Close()
	for len(c.alarms) > 0 {
		raised = append(raised, <-c.alarms)
	}
	return raised
}

func TestATrunkThatBringsNoKeysIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, calls string
		silent      int
		alarms      int
	}{
		{"one call too few", "ssss", 5, 0},
		{"as many as it takes", "sssss", 5, 1},
		{"not again for each call", "ssssssssssssssssss", 5, 1},
		{"a key in between", "sssskssss", 5, 0},
		{"hang-ups in between count for nothing", "ss---ss-s", 5, 1},
		{"hang-ups alone", "-----------", 5, 0},
		{"again after a key", "sssssksssss", 5, 2},
		{"switched off", "sssssssssssss", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Len(t, count(t, c.silent, "").calls("carrier-a", c.calls), c.alarms)
		})
	}
}

func TestTheAlarmSaysWhatOtherTrunksBring(t *testing.T) {
	t.Parallel()
	c := count(t, 3, "")
	assert.Equal(t, []event.Alarm{{Kind: event.AlarmNoKeys, Trunk: "external/192.0.2.7", Calls: 3, Failures: 3,
		Seconds: 120,
		What: "no key was heard in 3 calls in a row on the trunk external/192.0.2.7, " +
			"since 2025-11-19T09:01:00Z; no other trunk had calls"}}, c.calls("external/192.0.2.7", "sss"))
	c.calls("carrier-a", "kksk")
	raised := c.calls("carrier-b", "sss")
	require.Len(t, raised, 1)
	assert.True(t, strings.HasSuffix(raised[0].What, "; on other trunks keys were heard in 3 of 7 calls"), raised[0].What)
}

func TestAStillSilentTrunkIsSaidAgainAfterADay(t *testing.T) {
	t.Parallel()
	c := count(t, 3, "")
	require.Len(t, c.calls("carrier-a", "sss"), 1)
	c.now = c.now.Add(23 * time.Hour)
	require.Empty(t, c.calls("carrier-a", "ss"))
	c.now = c.now.Add(time.Hour)
	require.Len(t, c.calls("carrier-a", "ss"), 1)
}

func TestSilentTrunksOutliveARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "trunks.json")
	c := count(t, 3, file)
	c.calls("carrier-b", "ss")
	c.calls("carrier-a", "sss")
	silent, err := trunks.Read(file)
	require.NoError(t, err)
	require.Len(t, silent, 1)
	assert.Equal(t, "carrier-a", silent[0].Trunk, "the other may be silent by chance")
	assert.Equal(t, 3, silent[0].Calls)

	again := count(t, 3, file)
	require.Empty(t, again.calls("carrier-a", "ss"), "it is known")
	again.now = c.now.Add(24*time.Hour - 2*time.Minute)
	require.Empty(t, again.calls("carrier-a", "s"), "and when it was said")
	raised := again.calls("carrier-a", "s")
	require.Len(t, raised, 1)
	assert.Equal(t, 7, raised[0].Calls)
	assert.Contains(t, raised[0].What, ", since 2025-11-19T09:03:00Z; ")
	again.calls("carrier-a", "k")
	silent, err = trunks.Read(file)
	require.NoError(t, err)
	assert.Empty(t, silent)
}

func TestADamagedFileIsNamedAndDoesNoHarm(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "trunks.json")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	c, err := trunks.New(trunks.Options{Silent: 3, File: file})
	require.ErrorContains(t, err, file)
	require.NotNil(t, c)
	c.Ended("carrier-a", "retail", false, true)
}

func TestACallWithoutATrunkIsNotCounted(t *testing.T) {
	t.Parallel()
	c := count(t, 3, "")
	assert.Empty(t, c.calls("", "ssssss"))
	raised := c.calls("carrier-a", "sss")
	require.Len(t, raised, 1)
	assert.Contains(t, raised[0].What, "; no other trunk had calls")
}

func TestTrunksWithoutEndAreNotRemembered(t *testing.T) {
	t.Parallel()
	c := count(t, 1, "")
	raised := 0
	for i := range 1100 {
		raised += len(c.calls(strings.Repeat("a", i+1), "s"))
	}
	assert.Equal(t, 1000, raised)
}
