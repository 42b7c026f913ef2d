package sound_test

import (
	"io"
	"testing"

	"countersign/session"
	"countersign/session/sound"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var _ session.Sound = (*sound.Utterance)(nil)

func TestAnUtteranceIsReadWhileItIsSaid(t *testing.T) {
	t.Parallel()
	u := sound.NewUtterance(10)
	u.Write([]byte("one "))
	b := make([]byte, 20)
	n, err := u.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "one ", string(b[:n]))
	got := make(chan string, 1)
	go func() {
		rest, err := io.ReadAll(u) // waits for what is said next
		assert.NoError(t, err)
		got <- string(rest)
	}()
	u.Write([]byte("two three"))
	u.End()
	u.Write([]byte("four"))
	assert.Equal(t, "two th", <-got, "there is room for no more, and nothing comes after the end")
	<-u.Ended()
}

func TestAClosedUtteranceIsWipedAndReadsNothing(t *testing.T) {
	t.Parallel()
	u := sound.NewUtterance(10)
	failed := make(chan error, 1)
	go func() {
		_, err := u.Read(make([]byte, 1))
		failed <- err
	}()
	require.NoError(t, u.Close())
	require.ErrorIs(t, <-failed, io.ErrClosedPipe)
	u.Write([]byte("one"))
	_, err := u.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.ErrClosedPipe)
	<-u.Ended()
	require.NoError(t, u.Close())
}
