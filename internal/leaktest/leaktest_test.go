package leaktest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { Main(m) }

func TestAGoroutineThatStaysIsFoundAndOneThatEndsIsWaitedFor(t *testing.T) {
	before, end := goleak.IgnoreCurrent(), make(chan struct{})
	go func() { <-end }()
	require.ErrorContains(t, find(time.Millisecond, before), "leaktest.TestAGoroutineThatStays")
	timer := time.AfterFunc(2*time.Second, func() { close(end) }) // longer than goleak waits
	defer timer.Stop()
	require.NoError(t, find(patience, before))
}
