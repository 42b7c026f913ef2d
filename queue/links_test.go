package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestASurveyForgetsRelaysThatAreGone(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)
	tracker := New(Options{Servers: 2})
	for _, x := range []struct {
		a, server string
		at        time.Time
	}{
		{"gone", "fs-1", began.Add(-time.Minute)}, {"alive", "fs-1", began.Add(-time.Minute)},
		{"half", "fs-1", began.Add(-time.Minute)}, {"new", "fs-1", began}, {"elsewhere", "fs-2", began.Add(-time.Minute)},
	} {
		tracker.See(x.server, x.at, Linked{A: x.a + "-a", B: x.a + "-b"})
	}
	tracker.Survey(Survey{
		Server: "fs-1", Began: began, Alive: map[string]bool{"alive-a": true, "alive-b": true, "half-b": true},
	})
	for name, kept := range map[string]bool{"gone": false, "alive": true, "half": true, "new": true, "elsewhere": true} {
		for _, end := range []string{"-a", "-b"} {
			assert.Equal(t, kept, tracker.links[name+end].other != "", name+end)
		}
	}
}
