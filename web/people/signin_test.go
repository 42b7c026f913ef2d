package people

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAFloodOfMadeUpNamesFreesNobodyWhoIsBeingTried(t *testing.T) {
	t.Parallel()
	var tries Tries
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	for range freeTries {
		assert.Zero(t, tries.take(now, ofAccount("ada")))
	}
	for i := range maxCounted + 10 {
		now = now.Add(time.Millisecond)
		tries.take(now, ofAccount(fmt.Sprint("made-up-", i)))
		if i%1000 == 0 { // as it is being tried, it is not the one tried longest ago
			tries.take(now.Add(forgetAfter/2), ofAccount("ada"))
		}
	}
	assert.LessOrEqual(t, len(tries.all), maxCounted)
	assert.NotZero(t, tries.take(now, ofAccount("ada")))
	assert.NotContains(t, tries.all, "id made-up-0")
}
