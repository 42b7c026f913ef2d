package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPartsCloseInReverseWhateverFails(t *testing.T) {
	t.Parallel()
	var p parts
	var closed []string
	bad := errors.New("bad")
	p.addQuiet(func() { closed = append(closed, "first") })
	p.add(func() error { closed = append(closed, "second"); return bad })
	p.addQuiet(func() { closed = append(closed, "third") })
	require.ErrorIs(t, p.close(), bad)
	assert.Equal(t, []string{"third", "second", "first"}, closed)
	require.NoError(t, p.close())
	assert.Len(t, closed, 3, "once")
}
