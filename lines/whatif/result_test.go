package whatif_test

import (
	"bytes"
	"reflect"
	"testing"
	"unsafe"

	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// memory is a string's place in memory.
type memory struct{ from, to uintptr }

func place(s string) memory {
	at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	return memory{at, at + uintptr(len(s))}
}

// stringsIn calls each with every string of a value.
func stringsIn(v reflect.Value, path string, each func(path, s string)) {
	switch v.Kind() {
	case reflect.String:
		each(path, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			stringsIn(v.Elem(), path, each)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				stringsIn(v.Field(i), path+"."+f.Name, each)
			}
		}
	}
}

// A string of a Result that shares an event's memory would keep the whole event.
func TestAResultKeepsNoEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		questions, more string
		verdict         whatif.Verdict
	}{
		"same":    {"pin: {}", "", whatif.Same},
		"changed": {"pin: {reasks: 0}", "", whatif.Changed},
		"earlier": {"", "", whatif.Changed},
		"routed":  {"pin: {}", "routes: {verified: bank XML default, identified: agents XML default}\n", whatif.Changed},
		"unknown": {"birth_date: {}, pin: {}", "", whatif.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var events []event.Event
			var bodies []memory
			for _, body := range written(t, verified(asked(ran("pin", event.StepPassed, "", wrong, right)), "account", "pin")) {
				e, err := whatif.Read(body)
				require.NoError(t, err)
				events = append(events, e)
				begin := place(e.ID).from - uintptr(bytes.Index(body, []byte(e.ID)))
				bodies = append(bodies, memory{begin, begin + uintptr(len(body))})
			}
			within := func(s string) bool {
				for _, b := range bodies {
					if p := place(s); s != "" && p.from >= b.from && p.to <= b.to {
						return true
					}
				}
				return false
			}
			require.True(t, within(events[0].Call) && within(events[len(events)-1].Data.(event.CallEnded).Customer))
			r := trial(t, retail(t, c.questions, c.more)).Run(t.Context(), events)
			require.Equal(t, c.verdict, r.Verdict, r.Why)
			stringsIn(
				reflect.ValueOf(r), "Result",
				func(path, s string) { assert.False(t, within(s), "%s is a part of an event: %s", path, s) },
			)
		})
	}
}
