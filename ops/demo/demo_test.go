package demo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/internal/leaktest"
	"countersign/ops/demo"
	"countersign/store/customers"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// options are those of a demo that ends when each kind of caller has called.
func options(t *testing.T, s *site, crm bool) (o demo.Options, calls *[]demo.Call, run context.Context) {
	run, stop := context.WithTimeout(t.Context(), patience)
	t.Cleanup(stop)
	calls = &[]demo.Call{}
	kinds := map[string]bool{}
	return demo.Options{
		Start: s.start, OpenCustomers: s.openCustomers, CRM: crm, Callers: 8, Speed: 10, Log: silent,
		Called: func(c demo.Call) {
			*calls, kinds[c.Who] = append(*calls, c), true
			if len(kinds) == len(expected) {
				stop()
			}
		},
	}, calls, run
}

func TestEachKindOfCallerCallsAndNoneIsLost(t *testing.T) {
	t.Parallel()
	for name, crm := range map[string]bool{"customers here": false, "customers in a CRM": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			o, calls, ctx := options(t, s, crm)
			var at []demo.Addresses
			ended := 0
			o.Ready = func(a demo.Addresses) { at = append(at, a) }
			o.Ending = func(context.Context, func()) { ended++ }
			sum, err := demo.Run(ctx, o)
			require.NoError(t, err)

			assert.GreaterOrEqual(t, sum.Calls, demo.KindsOfCallers())
			assert.LessOrEqual(t, len(*calls), sum.Calls, "Called once for each that ended before the demo")
			assert.Equal(t, sum.Calls, sum.Verified+sum.Identified+sum.Unidentified)
			assert.Zero(t, sum.Lost)
			assert.Greater(t, sum.Events, 8*sum.Calls)
			assert.Positive(t, sum.Abandoned)
			became := map[string]string{}
			for _, c := range *calls {
				if _, before := became[c.Who]; before { // the end of the demo may have cut it off
					continue
				}
				became[c.Who] = c.Variables["cs_status"]
				if c.End == sim.CallerHungUp {
					became[c.Who] = string(c.End)
				}
			}
			assert.Equal(t, expected, became)

			require.Len(t, at, 1)
			assert.Equal(t, 1, ended)
			assert.Equal(t, s.started.SMS, at[0].SMS)
			assert.Equal(t, crm, at[0].Customer != "")
			assert.True(t, strings.HasPrefix(at[0].NATS, "nats://"), at[0].NATS)
			assert.True(t, s.closed)
		})
	}
}

// expected is the status of each kind of caller, or how their call ended.
var expected = map[string]string{
	"known number, right PIN":                 "verified",
	"known number, PIN without #":             "verified",
	"unknown number, account and PIN":         "verified",
	"withheld number, account and PIN":        "verified",
	"in a hurry: account and PIN typed ahead": "verified",
	"shared number, account and PIN":          "verified",
	"one slip, then the right PIN":            "verified",
	"wrong PIN three times":                   "identified",
	"does not have the account number":        "none",
	"says nothing":                            "none",
	"passphrase not understood, code by SMS":  "verified",
	"passphrase, greeted by name":             "verified",
	"has no account":                          "none",
	"auf Deutsch, PIN und Code per SMS":       "verified",
	"hangs up while keying":                   string(sim.CallerHungUp),
}

func TestADemoEndsAfterItsTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	o, _, _ := options(t, s, false)
	o.Called, o.For = nil, 300*time.Millisecond
	hungUp := make(chan struct{})
	o.Ending = func(ctx context.Context, hangUp func()) {
		context.AfterFunc(ctx, func() { close(hungUp) })
		hangUp() // an operator who does not want to wait
	}
	sum, err := demo.Run(t.Context(), o)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, sum.Seconds, 0.3)
	<-hungUp
}

func TestADemoReturnsTheErrorOfTheService(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	o, _, ctx := options(t, s, false)
	why := errors.New("no port is free")
	o.Start = func(context.Context, demo.Settings) (*demo.Service, error) { return nil, why }
	sum, err := demo.Run(ctx, o)
	require.ErrorIs(t, err, why)
	assert.Nil(t, sum)
	o.OpenCustomers = func(context.Context) (*customers.Directory, error) { return nil, why }
	_, err = demo.Run(ctx, o)
	require.ErrorIs(t, err, why)
}
