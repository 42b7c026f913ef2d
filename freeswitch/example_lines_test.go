package freeswitch_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"countersign/lines"

	"github.com/stretchr/testify/require"
)

// lineDialplan is what an operator of several lines adds to the shipped dialplan: their numbers, and where their calls
// go. passed-5200 is 5200 called from a number that the network vouches for, failed-5200 from one that it says is not
// genuine.
var lineDialplan = map[string]string{
	"public/92_lines.xml": `<extension name="lines"><condition field="destination_number" expression="^(5[1-9][0-9]{2})$">
<action application="transfer" data="$1 XML countersign"/>
</condition></extension>
<extension name="vouched"><condition field="destination_number" expression="^passed-(5[1-9][0-9]{2})$">
<action application="set" data="sip_verstat=TN-Validation-Passed"/>
<action application="transfer" data="$1 XML countersign"/>
</condition></extension>
<extension name="not-genuine"><condition field="destination_number" expression="^failed-(5[1-9][0-9]{2})$">
<action application="set" data="sip_verstat=TN-Validation-Failed"/>
<action application="transfer" data="$1 XML countersign"/>
</condition></extension>`,
	"public/93_desk.xml": `
<extension name="line-to-a-desk"><condition field="destination_number" expression="^desk-(5[1-9][0-9]{2})$">
<action application="set" data="test_desk=yes"/>
<action application="transfer" data="$1 XML countersign"/>
</condition></extension>`,
	"default/92_places.xml": `
<extension name="places"><condition field="destination_number" expression="^(banking|reception|security|mailbox)$">
<action application="answer"/>
<action application="playback" data="tone_stream://%(1000,0,1000);loops=20"/>
</condition></extension>`,
}

// exampleLine is one of the lines that we show to people, as it is.
func exampleLine(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../lines/examples", name+".yaml"))
	require.NoError(t, err)
	return string(text)
}

// openOffice is the office's line without anything that depends on the day, with the catalogue's question for a fact,
// and in German too.
func openOffice(t testing.TB) string {
	t.Helper()
	return changed(t, exampleLine(t, "office"), "prompts:\n", "languages: [en, de]\nprompts:\n",
		"  ask-fact: {en: {text: \"Please enter your post code, then press the hash key.\"}}\n",
		"  greeting: {en: {text: \"Welcome to Sample Office.\"}}\n",
		"Mo-Fr 08:00-20:00, Sa 09:00-14:00", "Mo-Su 00:00-24:00", "  holidays: [2026-12-25, 2026-12-26, 2027-01-01]\n", "")
}

// lineOf reads a line.
func lineOf(t testing.TB, text string) *lines.Definition {
	t.Helper()
	def, err := lines.Parse("line", []byte(text))
	require.NoError(t, err)
	return def
}

// passphraseOf is the first question of a line that asks for a passphrase first.
func passphraseOf(t testing.TB, line string) *lines.Passphrase {
	t.Helper()
	passphrase, ok := lineOf(t, line).Verify.Questions[0].Kind.(*lines.Passphrase)
	require.True(t, ok, "the line's first question is not a passphrase")
	return passphrase
}

// changed replaces what must be there in a line.
func changed(t testing.TB, line string, oldAndNew ...string) string {
	t.Helper()
	for i := 0; i < len(oldAndNew); i += 2 {
		require.Contains(t, line, oldAndNew[i])
		line = strings.ReplaceAll(line, oldAndNew[i], oldAndNew[i+1])
	}
	return line
}

// Played are the prompts that FreeSWITCH has played to a call, in order, by their names; what was spoken for this call
// alone is "(a name)". Silence and tones are left out, and what is heard while the service takes its time.
func (c *call) Played() (prompts []string) {
	for _, file := range c.files() {
		name := strings.TrimSuffix(path.Base(file), ".wav")
		if path.Base(path.Dir(file)) == "once" {
			name = "(a name)"
		}
		if name == "one-moment" { // on a busy machine any look-up may take a second
			continue
		}
		prompts = append(prompts, name)
	}
	return prompts
}

// files are the sound files that were played, with their folders.
func (c *call) files() (files []string) {
	c.fs.calls.mu.Lock()
	defer c.fs.calls.mu.Unlock()
	for _, s := range c.fs.calls.byCall[c.ID] {
		if s.Application != "playback" && s.Application != "play_and_get_digits" {
			continue
		}
		for _, part := range strings.FieldsFunc(s.Arguments, func(r rune) bool { return strings.ContainsRune("! '", r) }) {
			if strings.HasSuffix(part, ".wav") {
				files = append(files, part)
			}
		}
	}
	return files
}

// numberOf is the telephone number that only one test calls from: strangers are known by how much they try.
func numberOf(series, n int) string { return fmt.Sprintf("+1555%03d%04d", series, n) }
