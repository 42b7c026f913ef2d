package freeswitch_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestARecordedCallIsHeardByTheRecogniserToo has the dialplan record in stereo. That changes nothing of what the
// recogniser hears, and the recording holds all but the secret.
func TestARecordedCallIsHeardByTheRecogniserToo(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	findFreeSWITCH(t)
	needVoice(t)
	folder, ear := t.TempDir(), startCompanyEar(t)
	files := maps.Clone(lineDialplan)
	files["public/96_in_stereo.xml"] = `
<extension name="in-stereo"><condition field="destination_number" expression="^in-stereo$">
<action application="answer"/>
<action application="set" data="RECORD_STEREO=true"/>
<action application="set" data="RECORD_HANGUP_ON_ERROR=true"/>
<action application="set" data="enable_file_write_buffering=true"/>
<action application="set" data="cs_recording=` + folder + `/call.wav"/>
<action application="record_session" data="${cs_recording}"/>
<action application="transfer" data="5600 XML countersign"/>
</condition></extension>`
	s := startSiteOn(t, heardBy(t, ear.URL, everybody()), options{Files: files})
	c := callWithSIPp(t, s.freeSWITCH, dial{To: "in-stereo", From: numberOf(790, 21), Wide: true})
	c.AwaitHeard(t, 2, askedWithin)
	ear.answers("one zero zero zero four two", "yes", "two four six eight one three")
	c.Say(t, "one zero zero zero four two")
	c.AwaitHeard(t, 3, 2*askedWithin)
	c.Say(t, "yes")
	c.AwaitHeard(t, 4, 2*askedWithin)
	c.Say(t, "two four six eight one three")
	c.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, verifiedAs(people["known"], "2", "account,pin"), c.Record(t).result())

	said := ear.utterances()
	require.Len(t, said, 3)
	wav, err := os.ReadFile(filepath.Join(folder, "call.wav"))
	require.NoError(t, err)
	_, sound, found := bytes.Cut(wav, []byte("data"))
	require.True(t, found)
	var caller []byte // every other sample
	for i := 4; i+4 <= len(sound); i += 4 {
		caller = append(caller, sound[i], sound[i+1])
	}
	account, pin := loudestPiece(said[0].sound), loudestPiece(said[2].sound)
	require.NotNil(t, account)
	require.NotNil(t, pin)
	assert.True(t, bytes.Contains(caller, account), "the account is in the recording, as the recogniser heard it")
	assert.False(t, bytes.Contains(caller, pin), "the PIN is not")
}
