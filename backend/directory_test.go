package backend_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/backend/stub"
	"countersign/session"
	"countersign/steps"
)

var (
	_ steps.Directory = (*backend.Directory)(nil)
	_ steps.Sender    = (*sms.Gateway)(nil)
)

func TestEveryOperationGoesToTheBackend(t *testing.T) {
	t.Parallel()
	d, crm := withCRM(t, nil)
	want := session.Customer{ID: "C-1001", Name: "Ada Lovelace", Language: "en", Enrolled: []string{"birth_date", "pin"}}

	all, err := d.ByPhone(deadline(t), "+4930123456")
	require.NoError(t, err)
	assert.Equal(t, []session.Customer{want}, all)
	all, err = d.ByPhone(deadline(t), "+4930999999")
	require.NoError(t, err)
	assert.Empty(t, all)

	c, found, err := d.ByIdentifier(deadline(t), "account", "100042")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, want, c)
	_, found, err = d.ByIdentifier(deadline(t), "account", "100043")
	require.NoError(t, err)
	assert.False(t, found)

	c, found, err = d.ByID(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, want, c)
	_, found, err = d.ByID(deadline(t), "C-9/../../x?y")
	require.NoError(t, err)
	assert.False(t, found)

	for answer, right := range map[string]bool{canaryPIN: true, "739165": false, `1","answer":"` + canaryPIN: false} {
		ok, err := d.Check(deadline(t), "C-1001", "pin", secret(answer))
		require.NoError(t, err)
		assert.Equal(t, right, ok, answer)
	}
	ok, err := d.Check(deadline(t), "C-1002", "pin", secret(canaryPIN))
	require.ErrorIs(t, err, endpoint.ErrUnavailable, "a 404 is no wrong answer unless the settings say so")
	assert.False(t, ok, "unknown customer")

	phones, err := d.Phones(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, []session.Phone{{E164: "+4930123456", Since: time.Date(2020, 2, 4, 0, 0, 0, 0, time.UTC)}}, phones)
	require.NoError(t, d.AddPhone(deadline(t), "C-1001", "+493077"))
	all, err = d.ByPhone(deadline(t), "+493077")
	require.NoError(t, err)
	assert.Len(t, all, 1)

	asked := crm.Asked()
	_, err = d.ByPhone(deadline(t), "")
	require.NoError(t, err)
	_, found, err = d.ByID(deadline(t), "")
	require.NoError(t, err)
	assert.False(t, found)
	assert.Equal(t, asked, crm.Asked(), "nothing to look up, nothing is asked")
	require.NoError(t, d.Reach(deadline(t)))
}

func TestFindInTheCRMAndCheckThePINHere(t *testing.T) {
	t.Parallel()
	crm := stub.NewCRM(canaryToken, []stub.Customer{ada})
	s := crmSettings(t, serve(t, crm))
	s.Check = map[string]*backend.Check{"birth_date": s.Check["*"]}
	d := directory(t, s, local(t, "id,pin,passphrase", "C-1001,864209,open sesame"), nil)

	c, found, err := d.ByIdentifier(deadline(t), "account", "100042")
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, "Ada Lovelace", c.Name)
	assert.ElementsMatch(t, []string{"birth_date", "passphrase", "pin"}, c.Enrolled)
	for answer, right := range map[string]bool{"864209": true, canaryPIN: false} {
		ok, err := d.Check(deadline(t), c.ID, "pin", secret(answer))
		require.NoError(t, err)
		assert.Equal(t, right, ok, "the local PIN counts, the CRM's does not")
	}
	ok, err := d.Check(deadline(t), c.ID, "birth_date", secret(canaryBirth))
	require.NoError(t, err)
	assert.True(t, ok)
}

func TestACustomerWhoIsNotHereHasNoSecretThatIsCheckedHere(t *testing.T) {
	t.Parallel()
	s := crmSettings(t, serve(t, stub.NewCRM(canaryToken, []stub.Customer{ada})))
	s.Check = nil
	d := directory(t, s, local(t), nil)
	c, found, err := d.ByIdentifier(deadline(t), "account", "100042")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Empty(t, c.Enrolled)
}

func TestFindHereAndCheckInTheCRM(t *testing.T) {
	t.Parallel()
	s := crmSettings(t, serve(t, stub.NewCRM(canaryToken, []stub.Customer{ada})))
	s.Check = map[string]*backend.Check{"pin": s.Check["*"]}
	s.ByPhone, s.ByIdentifier, s.ByID, s.Phones, s.AddPhone = nil, nil, nil, nil, nil
	_, err := backend.New(s, local(t), endpoint.Options{Env: environment})
	require.ErrorContains(t, err, "customer.always")

	s.Customer.Always = []string{"pin"}
	d := directory(t, s,
		local(t, "id,name,phones,account,pin,passphrase", "C-1001,Ada,+4930123456,100042,864209,open sesame"), nil)
	all, err := d.ByPhone(deadline(t), "+4930123456")
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.ElementsMatch(t, []string{"pin", "passphrase"}, all[0].Enrolled)
	for answer, right := range map[string]bool{"864209": false, canaryPIN: true} {
		ok, err := d.Check(deadline(t), "C-1001", "pin", secret(answer))
		require.NoError(t, err)
		assert.Equal(t, right, ok, "the CRM's PIN counts, the local one does not")
	}
	phones, err := d.Phones(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Len(t, phones, 1)
	require.NoError(t, d.AddPhone(deadline(t), "C-1001", "+4930654321"))
}

func TestANumberIsNotStoredWhereItWouldNeverBeFound(t *testing.T) {
	t.Parallel()
	d, _ := withCRM(t, func(s *backend.Settings) { s.AddPhone = nil })
	require.ErrorIs(t, d.AddPhone(deadline(t), "C-1001", "+493077"), errors.ErrUnsupported)
}

func TestAHangUpIsNotTheBackendsFailure(t *testing.T) {
	t.Parallel()
	d, crm := withCRM(t, func(s *backend.Settings) { s.Breaker.Failures = 1 })
	crm.Break(stub.Fault{Kind: stub.FaultHang, Times: 1})
	ctx, cancel := context.WithCancelCause(deadline(t))
	gaveUp := make(chan error, 1)
	go func() {
		_, err := d.ByPhone(ctx, "+4930123456")
		gaveUp <- err
	}()
	require.Eventually(t, func() bool { return crm.Asked() == 1 }, patience, time.Millisecond)
	cancel(&session.HangupError{Cause: "NORMAL_CLEARING"})
	err := <-gaveUp
	var hungUp *session.HangupError
	require.ErrorAs(t, err, &hungUp)
	assert.NotErrorIs(t, err, endpoint.ErrUnavailable)
	_, err = d.ByPhone(deadline(t), "+4930123456")
	require.NoError(t, err, "the breaker did not count it")
}

// recorded is what a backend was sent.
type recorded struct {
	url, body string
	headers   http.Header
}

// recorder answers everything in the same way.
func recorder(t *testing.T, status int, answer string) (url string, last func() recorded) {
	requests := make(chan recorded, 100)
	url = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- recorded{r.Method + " " + r.RequestURI, string(body), r.Header}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	return url, func() recorded { return <-requests }
}

func TestValuesAreEscapedForWhereTheyStand(t *testing.T) {
	t.Parallel()
	const nasty = "a\"b\\c/../d e&f=g?h#i%j\r\nX: y\x00ü"
	url, last := recorder(t, 200, `{"ok": true}`)
	s := backend.Settings{URL: url + "/base/", Customer: backend.Fields{Always: []string{"pin"}},
		Check: map[string]*backend.Check{
			"json": {Request: endpoint.Request{Path: "/c/{{.Customer}}/x", Query: map[string]string{"k": "<{{.Customer}}>"},
				Body: `{"c": "{{.Customer}}", "a": "{{.Answer}}"}`},
				Verdict: endpoint.Verdict{OK: "ok"}},
			"form": {Request: endpoint.Request{Path: "/f", ContentType: "application/x-www-form-urlencoded",
				Body: `c={{.Customer}}&a={{.Answer}}`},
				Verdict: endpoint.Verdict{OK: "ok"}},
			"birth_date": {Request: endpoint.Request{Path: "/d", Body: `{"a": "{{date "DD.MM.YYYY" .Answer}}"}`},
				Verdict: endpoint.Verdict{OK: "ok"}},
		}}
	d := directory(t, s, local(t), nil)
	const escaped = "a%22b%5Cc%2F..%2Fd%20e%26f%3Dg%3Fh%23i%25j%0D%0AX%3A%20y%00%C3%BC"

	ok, err := d.Check(deadline(t), nasty, "json", secret(nasty))
	require.NoError(t, err)
	assert.True(t, ok)
	sent := last()
	assert.Equal(t, "POST /base/c/"+escaped+"/x?k=%3C"+strings.ReplaceAll(escaped, "%20", "+")+"%3E", sent.url)
	assert.JSONEq(t, `{"c": "a\"b\\c/../d e&f=g?h#i%j\r\nX: y\u0000ü", "a": "a\"b\\c/../d e&f=g?h#i%j\r\nX: y\u0000ü"}`,
		sent.body)
	assert.Equal(t, "application/json", sent.headers.Get("Content-Type"))

	_, err = d.Check(deadline(t), nasty, "form", secret(nasty))
	require.NoError(t, err)
	assert.Equal(t, "c="+escaped+"&a="+escaped, last().body)

	_, err = d.Check(deadline(t), "c", "birth_date", secret("20011231"))
	require.NoError(t, err)
	assert.Equal(t, `{"a": "31.12.2001"}`, last().body)
	_, err = d.Check(deadline(t), "c", "birth_date", secret("2001"))
	require.ErrorIs(t, err, endpoint.ErrUnavailable)
}

func TestAnIdentifierCannotClimbOutOfItsPath(t *testing.T) {
	t.Parallel()
	d, crm := withCRM(t, nil)
	for _, id := range []string{".", ".."} {
		_, _, err := d.ByID(deadline(t), id)
		require.ErrorIs(t, err, endpoint.ErrUnavailable)
	}
	assert.Zero(t, crm.Asked())
}
