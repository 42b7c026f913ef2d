package esl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAHangUpCauseIsAWordOfFreeSWITCHs(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"NORMAL_CLEARING": "NORMAL_CLEARING", "ORIGINATOR_CANCEL": "ORIGINATOR_CANCEL", "": "",
		"MANDATORY_IE_LENGTH_ERROR": "MANDATORY_IE_LENGTH_ERROR", "NORMAL CLEARING": "", "246813%23": "",
		strings.Repeat("A", 65): "", strings.Repeat("A", 1<<20): "", "A%0aB": "", "<script>": "", "%00": "", "ÄÖ": "",
	} {
		assert.Equal(t, want, hangupCause([]byte(sent)), "%.20q", sent)
	}
}
