package esl

import (
	"bytes"
	"strings"
	"testing"

	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResultsOfSpeechEngines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, result string
		class        session.Class
		words        string
		confidence   float64
	}{
		{"pocketsphinx", esltest.NLSML("white horse", "100"), session.Input, "white horse", 1},
		{"pocketsphinx, not so sure", esltest.NLSML("white horse", "83"), session.Input, "white horse", 0.83},
		{"pocketsphinx, not sure at all", esltest.NLSML("white horse", "1"), session.Input, "white horse", 0.01},
		{"pocketsphinx: nothing said", `<?xml version="1.0"?><result grammar="words"><interpretation><input ` +
			`mode="speech"><noinput/></input></interpretation>` +
			`</result>`, session.NoInput, "", 0},
		{"pocketsphinx: something else said", `<result grammar="words"><interpretation><input mode="speech"><nomatch/>` +
			`</input></interpretation></result>`,
			session.NoMatch, "", 0},
		{"unimrcp", `<?xml version="1.0"?><result><interpretation grammar="session:request1@form-level.store" ` +
			`confidence="0.97">` +
			`<instance>WHITE_HORSE</instance><input mode="speech">white  horse</input></interpretation></result>`,
			session.Input, "white horse", 0.97},
		{"unimrcp, quite sure", `<result><interpretation confidence="1"><instance>white horse</instance><input>white ` +
			`horse</input></interpretation></result>`,
			session.Input, "white horse", 1},
		{"unimrcp with its namespace", `<?xml version="1.0" encoding="UTF-8"?><result ` +
			`xmlns="urn:ietf:params:xml:ns:mrcpv2" xmlns:ex="http://x/">` +
			`<interpretation confidence="0.9"><instance><ex:Phrase><ex:Word>7</ex:Word></ex:Phrase></instance><input>white ` +
			`horse</input></interpretation></result>`,
			session.Input, "white horse", 0.9},
		{"only an instance", `<result><interpretation confidence="0.9"><instance>white horse</instance></interpretation>` +
			`</result>`, session.Input,
			"white horse", 0.9},
		{"Nuance", `<result><interpretation confidence="92"><instance confidence="92"><SWI_literal>white ` +
			`horse</SWI_literal>` +
			`<SWI_grammarName>session:x</SWI_grammarName><SWI_meaning>{SWI_literal:white horse}</SWI_meaning></instance>` +
			`</interpretation></result>`,
			session.Input, "white horse", 0.92},
		{"words one by one", `<result><interpretation confidence="90"><input><input mode="speech" confidence="99">` +
			`white</input><input>horse</input></input>` +
			`</interpretation></result>`, session.Input, "white horse", 0.9},
		{"how sure stands at the input", `<result><interpretation><input confidence="0.5">white horse</input>` +
			`</interpretation></result>`, session.Input,
			"white horse", 0.5},
		{
			"how sure is not said", `<result><interpretation><input>white horse</input></interpretation></result>`,
			session.Input, "white horse", 0,
		},
		{"several: the surest", `<result><interpretation confidence="0.4"><input>wide horse</input></interpretation>` +
			`<interpretation confidence="0.6"><input>white horse</input></interpretation></result>`,
			session.Input, "white horse", 0.6},
		{"several, equally sure: the first", `<result><interpretation confidence="0.4"><input>white horse</input>` +
			`</interpretation>` +
			`<interpretation confidence="0.4"><input>wide horse</input></interpretation></result>`,
			session.Input, "white horse", 0.4},
		{"what did not match is not what was said",
			`<result><interpretation confidence="0.9"><input><nomatch>white horse</nomatch></input></interpretation></result>`,
			session.NoMatch, "", 0},
		{
			"an empty input",
			`<result><interpretation confidence="100"><input mode="speech"> </input></interpretation></result>`, session.NoMatch,
			"", 0,
		},
		{"no interpretation", `<result/>`, session.NoMatch, "", 0},
		{"the five entities and CDATA", `<result><interpretation><input>a&amp;b &#99; <![CDATA[<d>]]></input>` +
			`</interpretation></result>`, session.Input,
			"a&b c <d>", 0},
		{"the opt-out key", "DIGIT: *", session.OptedOut, "", 0},
		{"unimrcp: nothing said", "Completion-Cause: 002\n", session.NoInput, "", 0},
		{"unimrcp: something else said", "Completion-Cause: 001", session.NoMatch, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := readResult([]byte(c.result))
			require.NoError(t, err)
			assert.Equal(t, c.class, h.Class)
			assert.Equal(t, c.words, string(h.Words.Reveal()))
			assert.InDelta(t, c.confidence, h.Confidence, 1e-9)
		})
	}
}

func TestBadResultsAreRefused(t *testing.T) {
	t.Parallel()
	said := `<interpretation confidence="100"><input>white horse</input></interpretation>`
	for name, result := range map[string]string{
		"nothing":                   "",
		"JSON":                      `{"text":"white horse"}`,
		"another document":          `<html>white horse</html>`,
		"two documents":             `<result/><result>` + said + `</result>`,
		"cut off":                   `<result>` + said,
		"closed in the wrong order": `<result><interpretation><input>white horse</interpretation></input></result>`,
		"a bomb of entities": `<!DOCTYPE r [<!ENTITY a "white"><!ENTITY b "&a;&a;&a;">]>` +
			`<result><interpretation><input>&b;</input></interpretation></result>`,
		"an unknown entity": `<result><interpretation><input>&b;</input></interpretation></result>`,
		"very deep": `<result><interpretation><input>` + strings.Repeat("<x>", 20) + "white horse" +
			strings.Repeat("</x>", 20) + `</input></interpretation></result>`,
		"very long":                        `<result>` + strings.Repeat(said, 300) + `</result>`,
		"an interpretation inside another": `<result><interpretation>` + said + `</interpretation></result>`,
		"surer than sure":                  esltest.NLSML("white horse", "101"),
		"less than not sure":               esltest.NLSML("white horse", "-1"),
		"not a number":                     esltest.NLSML("white horse", "NaN"),
		"infinitely sure":                  esltest.NLSML("white horse", "+Inf"),
		"sure in hexadecimal":              esltest.NLSML("white horse", "0x1p-1"),
		"another alphabet":                 `<?xml version="1.0" encoding="UTF-16"?><result>` + said + `</result>`,
		"no UTF-8":                         esltest.NLSML("white h\xf6rse", "100"),
		"a completion cause that is none":  "Completion-Cause: 4711",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := readResult([]byte(result))
			require.ErrorIs(t, err, errResult)
			assert.NotContains(t, err.Error(), "horse")
			assert.Zero(t, h)
		})
	}
}

// FuzzSpeechResult: any result is read or refused, and its confidence is at most 1.
func FuzzSpeechResult(f *testing.F) {
	f.Add([]byte(esltest.NLSML("white horse", "100")))
	f.Add([]byte(`<result><interpretation><input mode="speech"><noinput/></input></interpretation></result>`))
	f.Add([]byte(`<!DOCTYPE r [<!ENTITY a "x">]><result><interpretation><input>&a;</input></interpretation></result>`))
	f.Add([]byte("Completion-Cause: 002"))
	f.Add([]byte("DIGIT: *"))
	f.Fuzz(func(t *testing.T, result []byte) {
		before := string(result)
		h, err := readResult(result)
		require.Equal(t, before, string(result), "the result is the caller's to wipe")
		if err != nil {
			require.ErrorIs(t, err, errResult)
			require.Zero(t, h)
			return
		}
		require.True(t, h.Confidence >= 0 && h.Confidence <= 1, "%v", h.Confidence)
		require.Equal(t, h.Class == session.Input, h.Words.Len() > 0)
		require.LessOrEqual(t, h.Words.Len(), len(result))
		require.Equal(t, h.Class == session.OptedOut, bytes.HasPrefix(result, []byte("DIGIT: ")))
	})
}
