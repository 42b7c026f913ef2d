package doctor_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/doctor"
	"countersign/session/trunks"
)

func TestASilentTrunkIsAProblemUntilAKeyIsHeard(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.Files.Trunks = filepath.Join(t.TempDir(), "trunks.json")
	assert.Empty(t, found(t, o, "trunks"))
	counted, err := trunks.New(trunks.Options{Silent: 5, File: o.Files.Trunks})
	require.NoError(t, err)
	for range 5 {
		counted.Ended("carrier-a", "retail", false, true)
	}
	f := one(t, o, "trunks")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "carrier-a in 5 calls in a row")
	counted.Ended("carrier-a", "retail", true, false)
	counted.Close()
	assert.Empty(t, found(t, o, "trunks"))
}

func TestADialplanThatRecordsAndDoesNotSaySoIsNamed(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	o.FreeSWITCH = t.TempDir()
	folder := filepath.Join(o.FreeSWITCH, "dialplan", "public")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	write("plain.xml", `<action application="bridge" data="user/1000"/>`)
	write("named.xml", `<action application="set" data="cs_recording=/r/a.wav"/>
<action application="record_session" data="/r/a.wav"/>`)
	assert.Empty(t, found(t, o, "recordings"))
	write("unnamed.xml", `<action application="record_session" data="/r/a.wav"/>`)
	f := one(t, o, "recordings")
	assert.Equal(t, doctor.Note, f.State)
	assert.Contains(t, f.Detail, "unnamed.xml")
}

func TestAFreeSWITCHThatCannotMaskIsFoundOut(t *testing.T) {
	t.Parallel()
	const some = "name,description,syntax,ikey\nrecord_session,Record Session,<path>,mod_dptools\n"
	assert.Equal(t, []string{"record_session_mask", "record_session_unmask"}, doctor.Unmaskable(some))
	assert.Empty(t, doctor.Unmaskable(some+"record_session_mask,Mask audio in recording,<path>,mod_dptools\n"+
		"record_session_unmask,Stop masking audio in recording,<path>,mod_dptools\n"))
}
