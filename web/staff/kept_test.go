package staff

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPartIsMadeTwiceASecondForAllWhoSeeTheSame(t *testing.T) {
	t.Parallel()
	var k keptParts
	now := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
	made := 0
	part := func(key string) string {
		body, err := k.get(now, key, func() ([]byte, error) {
			made++
			return fmt.Append(nil, made), nil
		})
		require.NoError(t, err)
		return string(body)
	}
	assert.Equal(t, "1", part("retail"))
	assert.Equal(t, "1", part("retail"))
	assert.Equal(t, "2", part("orders"), "others see something else")
	now = now.Add(boardEvery)
	assert.Equal(t, "3", part("retail"))
	now = now.Add(-time.Hour)
	assert.Equal(t, "4", part("retail"), "a clock that was put back")
	_, err := k.get(now, "none", func() ([]byte, error) { return nil, errors.New("not now") })
	require.Error(t, err)
	assert.Equal(t, "5", part("none"), "an error is not kept")
	for i := range 2 * maxKept {
		part(fmt.Sprint(i))
	}
	assert.LessOrEqual(t, len(k.all), maxKept)
}
