package sim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAnUnmatchedGroupEmptiesDPMatchBeforePCRE2 documents the difference for authors of dialplans. The recorded
// dialplan has ^(8)(x)?(\d+)(y)?$ and was called at 8001.
func TestAnUnmatchedGroupEmptiesDPMatchBeforePCRE2(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"dialplan-groups":        "001",
		"dialplan-groups-1.11.2": "ARRAY::8001|:8|:001",
	} {
		data := fromFreeSWITCH(readRecording(t, name))[0]
		assert.Equal(t, want, decoded(data.get("variable_DP_MATCH")), name)
		assert.Equal(t, "[8][][001][]", decoded(data.get("variable_test_groups")), "%s: $1 to $4 in an action", name)
	}
}

func TestContentLengthsRefusedByEachRelease(t *testing.T) {
	t.Parallel()
	for length, refused := range map[int]bool{-1: true, 0: false, mostContent: false, mostContent + 1: true} {
		assert.Equal(t, refused, Release1_11.refuses(length), length)
		assert.False(t, Release1_10.refuses(length), length)
		_, _, _, err := parseCommand(fmt.Appendf(nil, "sendmsg\nContent-Length: %d\n\n", length), Release1_11)
		assert.Equal(t, refused, err == errContentLength, "%d: %v", length, err)
	}
}

func TestAnUnknownReleaseIsRefused(t *testing.T) {
	t.Parallel()
	for _, r := range []Release{-1, Release(releases)} {
		_, err := New(Options{Address: "127.0.0.1:1", Release: r})
		assert.ErrorContains(t, err, "no release")
	}
}
