package backend_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/stub"
)

// tooLate is what is said of a backend that took too long.
const tooLate = "no answer within"

// everyFault has each fault, and how the error tells of it.
var everyFault = map[string]struct {
	fault stub.Fault
	says  string
}{
	"status 500":   {stub.Fault{Kind: stub.FaultStatus, Status: 500}, "status 500"},
	"status 401":   {stub.Fault{Kind: stub.FaultStatus, Status: 401}, "status 401"},
	"status 429":   {stub.Fault{Kind: stub.FaultStatus, Status: 429}, "status 429"},
	"garbage":      {stub.Fault{Kind: stub.FaultGarbage}, "not JSON"},
	"wrong types":  {stub.Fault{Kind: stub.FaultWrongTypes}, ""},
	"two GB":       {stub.Fault{Kind: stub.FaultHuge}, "more than 65536 bytes"},
	"drip":         {stub.Fault{Kind: stub.FaultDrip}, tooLate},
	"hang":         {stub.Fault{Kind: stub.FaultHang}, tooLate},
	"late":         {stub.Fault{Latency: time.Minute}, tooLate},
	"reset":        {stub.Fault{Kind: stub.FaultReset}, "connection"},
	"not HTTP":     {stub.Fault{Kind: stub.FaultNotHTTP}, "no HTTP answer"},
	"redirect":     {stub.Fault{Kind: stub.FaultRedirect}, "redirects are not followed"},
	"truncated":    {stub.Fault{Kind: stub.FaultTruncated}, "closed in mid-answer"},
	"no such host": {}, "refused": {}, "no TLS": {},
}

// busy is how much longer a thing may take on a machine that does much else.
const busy = 20 * time.Second

func TestNoFaultCostsMoreThanTheTimeOutOrAnswersAnything(t *testing.T) {
	t.Parallel()
	for name, f := range everyFault {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := mostTime
			if f.says == tooLate {
				timeout = 300 * time.Millisecond
			}
			d, crm := withCRM(t, func(s *backend.Settings) {
				s.Timeout, s.Breaker.Failures = timeout, 1000
				switch name {
				case "no such host":
					s.URL, f.says = "http://crm.invalid", "name is unknown|"+tooLate // depends on the resolver
				case "refused":
					s.URL, f.says = "http://127.0.0.1:1", "refused"
				case "no TLS":
					s.URL, f.says = "https"+s.URL[len("http"):], "does not speak TLS"
				}
			})
			crm.Break(f.fault)
			for operation, ask := range map[string]func(ctx context.Context) (anything bool, err error){
				"by_phone": func(ctx context.Context) (bool, error) {
					all, err := d.ByPhone(ctx, "+4930123456")
					return len(all) > 0, err
				},
				"by_identifier": func(ctx context.Context) (bool, error) {
					_, found, err := d.ByIdentifier(ctx, "account", "100042")
					return found, err
				},
				"by_id": func(ctx context.Context) (bool, error) {
					_, found, err := d.ByID(ctx, "C-1001")
					return found, err
				},
				"check.pin": func(ctx context.Context) (bool, error) { return d.Check(ctx, "C-1001", "pin", secret(canaryPIN)) },
				"phones": func(ctx context.Context) (bool, error) {
					all, err := d.Phones(ctx, "C-1001")
					return len(all) > 0, err
				},
			} {
				began := time.Now()
				anything, err := ask(deadline(t))
				took := time.Since(began)
				t.Log(operation, took)
				assert.False(t, anything, operation)
				require.ErrorIs(t, err, endpoint.ErrUnavailable, operation)
				require.ErrorContains(t, err, operation+" at ")
				require.Regexp(t, f.says, err.Error())
				// Two attempts if the request is idempotent, and some slack for a busy machine. Without the timeout
				// it would take the minute of the deadline.
				assert.Less(t, took, 2*timeout+busy, operation)
			}
		})
	}
}

func TestTwoGigabytesCostOnlyWhatIsAllowed(t *testing.T) {
	d, crm := withCRM(t, nil)
	crm.Break(stub.Fault{Kind: stub.FaultHuge})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := d.ByPhone(deadline(t), "+4930123456")
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "more than 65536 bytes")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20),
		"the stub's own megabyte and the server's buffers included")
}

func TestRetries(t *testing.T) {
	t.Parallel()
	yes := true
	for name, c := range map[string]struct {
		fault  stub.Fault
		change func(*backend.Settings)
		check  bool
		asked  int
		works  bool
	}{
		"a GET that failed at once is sent again": {fault: stub.Fault{Kind: stub.FaultStatus, Status: 503, Times: 1},
			asked: 2, works: true},
		"once": {fault: stub.Fault{Kind: stub.FaultStatus, Status: 503}, asked: 2},
		"not when it took a second": {fault: stub.Fault{Kind: stub.FaultStatus, Status: 503,
			Latency: 1100 * time.Millisecond}, asked: 1},
		"not what was answered, if badly":    {fault: stub.Fault{Kind: stub.FaultGarbage}, asked: 1},
		"not when the backend asks for less": {fault: stub.Fault{Kind: stub.FaultStatus, Status: 429}, asked: 1},
		"not a POST": {fault: stub.Fault{Kind: stub.FaultStatus, Status: 503, Times: 1}, check: true,
			asked: 1},
		"a POST that is said to be idempotent": {
			fault: stub.Fault{Kind: stub.FaultStatus, Status: 503, Times: 1}, check: true, asked: 2, works: true,
			change: func(s *backend.Settings) { s.Check["*"].Idempotent = &yes },
		},
		"after a connection that was reset": {fault: stub.Fault{Kind: stub.FaultReset, Times: 1}, asked: 2, works: true},
		"not when the breaker opened with the first": {
			fault: stub.Fault{Kind: stub.FaultStatus,
				Status: 503}, asked: 1, change: func(s *backend.Settings) { s.Breaker.Failures = 1 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, crm := withCRM(t, c.change)
			if c.asked > 1 {
				d.RetryWithin(patience) // also on a busy machine
			}
			crm.Break(c.fault)
			var err error
			if c.check {
				_, err = d.Check(deadline(t), "C-1001", "pin", secret(canaryPIN))
			} else {
				_, err = d.ByPhone(deadline(t), "+4930123456")
			}
			assert.Equal(t, c.works, err == nil, "%v", err)
			assert.Equal(t, c.asked, crm.Asked())
		})
	}
}

func TestWhatBecameOfEachRequestIsTold(t *testing.T) {
	t.Parallel()
	crm := stub.NewCRM(canaryToken, []stub.Customer{ada})
	s := crmSettings(t, serve(t, crm))
	s.Breaker = endpoint.Breaker{Failures: 2, Window: time.Hour, HalfOpen: time.Hour}
	var told []string
	var opened []bool
	d, err := backend.New(s, local(t), endpoint.Options{
		Env: environment,
		Asked: func(_ context.Context, a endpoint.Asked) {
			told = append(told, a.Operation+" "+string(a.Result))
			assert.False(t, a.Began.IsZero())
			assert.Positive(t, a.Took)
		},
		Opened: func(open bool) { opened = append(opened, open) },
	})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	check := func(ctx context.Context) { _, _ = d.Check(ctx, "C-1001", "pin", secret(canaryPIN)) }
	check(deadline(t))
	crm.Break(stub.Fault{Kind: stub.FaultStatus, Status: 503})
	for range 3 {
		check(deadline(t))
	}
	assert.Equal(t, []string{
		"check.pin answered", "check.pin failed", "check.pin failed", "check.pin not_asked",
	}, told)
	assert.Equal(t, []bool{true}, opened)
}

func TestTheBreakerOpensAndTriesAgain(t *testing.T) {
	t.Parallel()
	// open returns a directory whose breaker is open, and a request to it.
	open := func(t *testing.T, halfOpen time.Duration) (d *backend.Directory, crm *stub.CRM, check func() error,
		log *logbook) {
		crm, log = stub.NewCRM(canaryToken, []stub.Customer{ada}), &logbook{}
		s := crmSettings(t, serve(t, crm))
		s.Breaker = endpoint.Breaker{Failures: 5, Window: time.Hour, HalfOpen: halfOpen}
		d = directory(t, s, local(t), log.Logger())
		check = func() error {
			_, err := d.Check(deadline(t), "C-1001", "pin", secret(canaryPIN))
			return err
		}
		crm.Break(stub.Fault{Kind: stub.FaultStatus, Status: 503})
		for i := range 5 {
			require.ErrorContains(t, check(), "status 503", i)
		}
		return d, crm, check, log
	}
	t.Run("while it is open nothing is asked", func(t *testing.T) {
		t.Parallel()
		d, crm, check, log := open(t, time.Hour)
		require.ErrorContains(t, check(), "not asked: it failed 5 times within 1h0m0s")
		_, err := d.ByPhone(deadline(t), "+4930123456")
		require.ErrorContains(t, err, "not asked", "one breaker for all that the backend does")
		assert.Equal(t, 5, crm.Asked())
		assert.Equal(t, 1, strings.Count(log.String(), "backend away"))
	})
	t.Run("it tries again, opens again, and closes", func(t *testing.T) {
		t.Parallel()
		_, crm, check, log := open(t, 10*time.Millisecond)
		require.Eventually(t, func() bool { _ = check(); return strings.Count(log.String(), "backend away") == 2 }, patience,
			time.Millisecond)
		assert.Equal(t, 6, crm.Asked(), "one request tried again, and failed")
		assert.NotContains(t, log.String(), "backend back")
		crm.Break(stub.Fault{})
		require.Eventually(t, func() bool { return check() == nil }, patience, time.Millisecond)
		require.NoError(t, check())
		assert.Contains(t, log.String(), "backend back")
	})
}

func TestAnAnswerThatCannotBeReadDoesNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	d, crm := withCRM(t, nil)
	for _, f := range []stub.Fault{{Kind: stub.FaultGarbage}, {Kind: stub.FaultWrongTypes},
		{Kind: stub.FaultStatus, Status: 400}} {
		crm.Break(f)
		for range 6 {
			_, err := d.ByPhone(deadline(t), "+4930123456")
			require.ErrorIs(t, err, endpoint.ErrUnavailable)
		}
	}
	crm.Break(stub.Fault{})
	_, err := d.ByPhone(deadline(t), "+4930123456")
	require.NoError(t, err)
}

func TestARedirectGetsNothing(t *testing.T) {
	t.Parallel()
	elsewhere, asked := make(chan string, 10), make(chan string, 10)
	other := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere <- r.RequestURI }))
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.RequestURI
		http.Redirect(w, r, other+r.RequestURI, http.StatusTemporaryRedirect) // 307 repeats a POST with its body
	}))
	d := directory(t, crmSettings(t, url), local(t), nil)
	_, err := d.Check(deadline(t), "C-1001", "pin", secret(canaryPIN))
	require.ErrorContains(t, err, "redirects are not followed")
	assert.Len(t, asked, 1)
	assert.Empty(t, elsewhere)
}

func TestTheWholeOperationEndsAtItsCap(t *testing.T) {
	t.Parallel()
	const timeout, limit = 900 * time.Millisecond, 950 * time.Millisecond
	const waits = 2*timeout - 100*time.Millisecond // less than two full attempts
	fastest := time.Hour                           // of many, because the machine may be busy
	for tries := 0; tries < 20 && fastest >= waits; tries++ {
		d, crm := withCRM(t, func(s *backend.Settings) { s.Timeout, s.Cap = timeout, limit })
		crm.Break(stub.Fault{Kind: stub.FaultHang})
		began := time.Now()
		_, err := d.ByPhone(deadline(t), "+4930123456")
		fastest = min(fastest, time.Since(began))
		require.ErrorIs(t, err, endpoint.ErrUnavailable)
	}
	assert.Less(t, fastest, waits)
}

func ExampleErrUnavailable() {
	d, err := backend.New(backend.Settings{URL: "http://127.0.0.1:1",
		ByID: &backend.Lookup{Request: endpoint.Request{Path: "/{{.Customer}}"}}}, nobody{}, endpoint.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	_, _, err = d.ByID(context.Background(), "C-1001")
	fmt.Println(err)
	// Output: by_id at 127.0.0.1:1: unavailable: connection refused
}

// nobody is a local directory that is never asked.
type nobody struct{ backend.Local }
