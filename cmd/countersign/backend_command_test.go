package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
)

// freshMachine is the way to a machine that has these settings and no data yet.
func freshMachine(t *testing.T, settings string) (global []string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte("customers: {hash: hmac}\n"+settings), 0o600))
	return []string{"--config", file, "--data", filepath.Join(dir, "data")}
}

func TestABackendIsAskedToSeeWhetherItsSettingsAreRight(t *testing.T) {
	t.Parallel()
	f := newCRMFront(t, crmCustomer("X-1", "+15551230001", "100042", "246813"),
		crmCustomer("X-2", "+15551230002", "100043", "246813"),
		crmCustomer("X-3", "+15551230002", "100044", "246813"))
	f.spoil("+15551239999", stub.Fault{Kind: stub.FaultWrongTypes})
	global := freshMachine(t, f.finding(checking))
	run := func(stdin string, args ...string) (code int, stdout, stderr string) {
		t.Helper()
		return countersign(t, stdin, append(append([]string{}, global...), args...)...)
	}
	for _, c := range []struct {
		about string
		args  []string
		want  []string
	}{
		{
			"a number", []string{"find", "--phone", "+1 555 123 0001"},
			[]string{
				"GET " + f.url + "/customers?phone=%2B15551230001", "status 200 after", "customer X-1", "Customer X-1",
				"enrolled  pin",
			},
		},
		{
			"an identifier", []string{"find", "--identifier", "account=100043"},
			[]string{"kind=account&value=100043", "customer X-2"},
		},
		{"an id", []string{"find", "--id", "X-1"}, []string{"/customers/X-1", "customer X-1"}},
		{"nobody", []string{"find", "--phone", "+15551230007"}, []string{"status 200", "no customer found"}},
		{
			"a household", []string{"find", "--phone", "+15551230002"},
			[]string{"2 customers: the number alone does not identify one", "customer X-2", "customer X-3"},
		},
		{
			"the answer itself", []string{"find", "--raw", "--id", "X-1"},
			[]string{"\n  {\n    \"id\": \"X-1\"", `"language": "en"`},
		},
		{
			"what is not the backend's", []string{"phones", "X-1"}, []string{"the backend was not asked", "no code can be sent"},
		},
	} {
		t.Run(c.about, func(t *testing.T) {
			code, stdout, stderr := run("", append([]string{"backend"}, c.args...)...)
			assert.Equal(t, exitDone, code, stderr)
			for _, want := range c.want {
				assert.Contains(t, stdout, want)
			}
		})
	}

	code, stdout, stderr := run("", "backend", "find", "--raw", "--phone", "+15551239999")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "by_phone at ")
	assert.Contains(t, stderr, "unavailable")
	assert.Contains(t, stdout, "status 200", "what it said is there to be looked at")

	var told struct {
		Asked     []exchange
		Customers []struct{ ID, Name string }
	}
	_, stdout, _ = run("", "backend", "find", "--json", "--phone", "+15551230001")
	require.NoError(t, json.Unmarshal([]byte(stdout), &told), stdout)
	require.Len(t, told.Customers, 1)
	assert.Equal(t, "X-1", told.Customers[0].ID)
	require.Len(t, told.Asked, 1)
	assert.Equal(t, 200, told.Asked[0].Status)

	for pin, want := range map[string]string{"246813": "answer: right", "864209": "answer: wrong"} {
		code, stdout, stderr = run(pin+"\n", "backend", "check", "--author", "ann", "X-1", "pin")
		assert.Equal(t, exitDone, code, stderr)
		assert.Contains(t, stdout, want)
		assert.Contains(t, stdout, "POST "+f.url+"/customers/X-1/check")
		assert.NotContains(t, stdout+stderr, pin)
	}
	_, stdout, _ = run("", "audit", "list")
	assert.Contains(t, stdout, "answer_checked")
	assert.Contains(t, stdout, "pin: right")
	assert.NotContains(t, stdout, "X-1")
}

func TestAMessageIsSentToSeeWhetherTheGatewayTakesIt(t *testing.T) {
	t.Parallel()
	phone := stub.NewMessages("")
	server := httptest.NewServer(phone)
	t.Cleanup(server.Close)
	global := freshMachine(t, "sms: {url: \""+server.URL+"/messages\", brand: Example Bank, countries: [US]}\n")
	code, stdout, stderr := countersign(t, "", append(global, "backend", "sms", "+1 212 555 0100")...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "status 2")
	assert.Contains(t, stdout, "accepted a message to …0100")
	all := phone.To("")
	require.Len(t, all, 1)
	assert.Equal(t, "+12125550100", all[0].To)
	assert.True(t, strings.HasPrefix(all[0].Text, "Example Bank: "), all[0].Text)
	assert.Contains(t, all[0].Text, "000000")

	code, stdout, stderr = countersign(t, "", append(global, "backend", "sms", "+49 30 123456")...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "sms.countries")
	assert.NotContains(t, stdout, "took")
	_, stdout, _ = countersign(t, "", append(global, "audit", "list")...)
	assert.Contains(t, stdout, "number …0100")
	assert.Contains(t, stdout, "not sent")
}

func TestWhatAnAnswerLacksIsSaid(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"+12125550100": `{"data": {"customers": [{"id": "X-1", "name": "Ada"}, {"id": null, "name": "Canary"}]}}`,
		"+12125550101": `{"data": {"customers": null}, "errors": [{"message": "Canary"}]}`,
		"+12125550102": `{"data": {"customers": [{"id": "X-1", "name": {"first": "Canary"}}, {"id": "X-1"}]}}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/phones" {
			_, _ = io.WriteString(w, `["n/a", 12125550100]`)
			return
		}
		_, _ = io.WriteString(w, answers[r.URL.Query().Get("phone")])
	}))
	t.Cleanup(server.Close)
	global := freshMachine(t, "backend: {url: \""+server.URL+"\", customer: {name: name}, phones: {path: /phones}, "+
		"by_phone: {path: /, query: {phone: \"{{.Phone}}\"}, customers: data.customers}}\n")
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{
			[]string{"find", "--phone", "+12125550100"}, exitDone,
			[]string{
				"left out: ", "1 of 2 customers", `"id" is missing`, "the number alone does not identify one", "customer X-1",
			},
		},
		{
			[]string{"find", "--json", "--phone", "+12125550100"}, exitDone,
			[]string{`"left_out":["`, `"id":"X-1"`, `"unread":true`},
		},
		{[]string{"find", "--phone", "+12125550101"}, exitFailed, []string{"unavailable", "errors", "status 200"}},
		{[]string{"find", "--json", "--phone", "+12125550101"}, exitFailed, []string{`"error":"by_phone at `}},
		{
			[]string{"find", "--phone", "+12125550102"}, exitDone,
			[]string{"left out: ", `"name" is not a string`, "customer X-1"},
		},
		{[]string{"phones", "X-1"}, exitDone, []string{"left out: ", "(number)", "+12125550100"}},
	} {
		code, stdout, stderr := countersign(t, "",
			append(append([]string{}, global...), append([]string{"backend"}, c.args...)...)...)
		assert.Equal(t, c.code, code, "%v: %s", c.args, stderr)
		for _, want := range c.want {
			assert.Contains(t, stdout+stderr, want, "%v", c.args)
		}
		assert.NotContains(t, stdout+stderr, "Canary", "%v", c.args)
	}
}

func TestABackendCommandSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	none := freshMachine(t, "")
	some := freshMachine(t, "backend: {url: \"http://127.0.0.1:1\", by_id: {path: \"/{{.Customer}}\"}}\n")
	for _, c := range []struct {
		global, args []string
		code         int
		want         string
	}{
		{none, []string{"find", "--id", "X"}, exitFailed, "backend.url"},
		{none, []string{"sms", "+12125550100"}, exitFailed, "sms.url"},
		{some, []string{"find"}, exitWrongUse, "--phone"},
		{some, []string{"find", "--id", "X", "--phone", "+12125550100"}, exitWrongUse, "give one of"},
		{some, []string{"find", "--identifier", "100042"}, exitWrongUse, "KIND=VALUE"},
		{some, []string{"find", "--phone", "12"}, exitWrongUse, "+4930123456"},
		{some, []string{"find", "X"}, exitWrongUse, "no argument"},
		{some, []string{"check", "X"}, exitWrongUse, "two arguments"},
		{some, []string{"find", "--id", "X"}, exitFailed, "127.0.0.1:1"},
	} {
		code, _, stderr := countersign(t, "",
			append(append([]string{}, c.global...), append([]string{"backend"}, c.args...)...)...)
		assert.Equal(t, c.code, code, "%v: %s", c.args, stderr)
		assert.Contains(t, stderr, c.want, "%v", c.args)
	}
}
