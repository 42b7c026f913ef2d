package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
	"countersign/freeswitch/sim"
	"countersign/lines"
	"countersign/session/event"
)

// insured are customers whose policies have the same keys, 22123412, and one who is alone with theirs, 22123453.
const insured = "id,name,phones,account,pin,id:policy\n" +
	"C-1,Ada,+12125550101,100042,246813,AB-12341-B\n" +
	"C-2,Bob,+12125550102,100043,975310,bc 12341 c\n" +
	"C-3,Carol,+12125550103,100044,135792,CA12341C\n" +
	"C-4,Dan,+12125550104,100045,864209,AB-12345-3\n"

// insurance is the example of a line with letters, which asks in the words of the catalogue.
func insurance(t *testing.T) string {
	t.Helper()
	text, err := lines.Example("insurance")
	require.NoError(t, err)
	before, rest, _ := strings.Cut(string(text), "prompts:\n")
	_, after, ok := strings.Cut(rest, "routes:\n")
	require.True(t, ok)
	return strings.Replace(before, "{name: policy,", "{name: policy, prompt: ask-account,", 1) + "routes:\n" + after
}

func TestPoliciesWithLettersAreKeyed(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, insured, "")
	s.apply(insurance(t))
	for _, c := range []struct {
		about  string
		caller sim.Caller
		want   map[string]string
		policy string // the step's end in the call's journey
	}{
		{
			"one customer has these keys", keys("ask-account", "22123453", "ask-pin", "864209"),
			map[string]string{"cs_status": "verified", "cs_customer": "C-4", "cs_methods": "policy,pin"}, "passed ",
		},
		{
			"three have, and the telephone number tells",
			keys("ask-account", "22123412", "ask-phone", "2125550102", "ask-pin", "975310"),
			map[string]string{"cs_status": "verified", "cs_customer": "C-2", "cs_methods": "phone,pin"}, "skipped several",
		},
		{
			"three have, and the caller has no telephone number on file",
			keys("ask-account", "22123412", "ask-phone", "2125550199"),
			map[string]string{"cs_status": "none", "cs_reason": "not_found"}, "skipped several",
		},
		{
			"nobody has these keys", keys("ask-account", "33333333", "ask-phone", "2125550199"),
			map[string]string{"cs_status": "none", "cs_reason": "not_found"}, "failed not_found",
		},
	} {
		r := s.nodes[0].call(sim.CallOptions{From: "anonymous", To: "5600", Caller: c.caller})
		for name, want := range c.want {
			assert.Equal(t, want, r.Variables[name], "%s: %s", c.about, name)
		}
		asked := strings.Join(heard(r), " ")
		assert.Contains(t, asked, "ask-account letters", c.about)
		all := s.journey(r)
		for _, f := range data[event.StepFinished](all) {
			if f.Step == "policy" {
				assert.Equal(t, c.policy, string(f.Result)+" "+string(f.Reason), c.about)
			}
		}
		for _, e := range all {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "22123412", "%s: what was keyed", c.about)
		}
	}
}

func TestTheBackendFindsPoliciesByTheirKeys(t *testing.T) {
	t.Parallel()
	policy := func(id, phone, number string) stub.Customer {
		c := crmCustomer(id, phone, "", "246813")
		c.Identifiers = map[string]string{"policy": number}
		return c
	}
	f := newCRMFront(t, policy("X-1", "+12125550101", "AB-12341-B"), policy("X-2", "+12125550102", "CA-12341-C"),
		policy("X-3", "+12125550103", "AB-12345-3"))
	s := newSite(t, 1, "id\n", f.finding(checking))
	s.apply(insurance(t))
	for phone, customer := range map[string]string{"2125550101": "X-1", "2125550102": "X-2"} {
		r := s.nodes[0].call(sim.CallOptions{
			From: "anonymous", To: "5600", Caller: keys("ask-account", "22123412", "ask-phone", phone, "ask-pin", "246813"),
		})
		assert.Equal(t, "verified", r.Variables["cs_status"])
		assert.Equal(t, customer, r.Variables["cs_customer"])
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{
			[]string{"--letters", "--identifier", "policy=ab-12341-b"},
			[]string{"kind=policy&value=22123412", "2 customers: the number alone does not identify one", "customer X-2"},
		},
		{[]string{"--letters", "--identifier", "policy=AB-12345-3"}, []string{"value=22123453", "customer X-3"}},
	} {
		stdout := s.must(append([]string{"backend", "find"}, c.args...)...)
		for _, want := range c.want {
			assert.Contains(t, stdout, want)
		}
	}
	for _, args := range [][]string{{"--letters", "--id", "X-1"}, {"--letters", "--identifier", "policy=A_1"}} {
		code, _, stderr := s.run(append([]string{"backend", "find"}, args...)...)
		assert.Equal(t, exitWrongUse, code)
		assert.Contains(t, stderr, "such as policy=AB-1234")
	}
}

func TestPoliciesAreImportedAndLookedUp(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	do := func(in string, args ...string) (code int, stdout, stderr string) {
		t.Helper()
		return countersign(t, in, append([]string{"--data", dir, "customers"}, args...)...)
	}
	wrong := strings.Replace(insured, "AB-12345-3", "AB-12354-3", 1)
	code, _, stderr := do(wrong, "import", "--check", "policy=mod37-36", "-")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `line 5: policy "AB123543": its check digit or letter is wrong`)
	code, _, stderr = do(insured, "import", "--check", "policy=mod37-36", "--check", "account=mod97", "-")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `line 2: account "100042": its check digit or letter is wrong`)
	for _, check := range []string{"policy", "=luhn", "policy=none", "policy=lunh"} {
		code, _, stderr = do(insured, "import", "--check", check, "-")
		assert.Equal(t, exitWrongUse, code, check)
		assert.Contains(t, stderr, "luhn, mod97, mod11, mod11-2, mod37-2, mod37-36, luhn36")
	}
	code, _, stderr = do(insured, "import", "--check", "contract=luhn", "-")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "there is no column id:contract")
	file := filepath.Join(t.TempDir(), "insured.csv")
	require.NoError(t, os.WriteFile(file, []byte(insured), 0o600))
	code, stdout, stderr := do("", "import", "--json", "--check", "policy=mod37-36", file)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stderr, "callers key the same for several customers in 1 case, such as policy 22123412")
	assert.Contains(t, stdout, `"shared_keys":1`)

	code, stdout, stderr = do("", "show", "C-2")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "BC12341C (keyed 22123412)")
	assert.NotContains(t, stdout, "100043 (")
	code, stdout, stderr = do("", "list", "--search", "22123412")
	require.Equal(t, exitDone, code, stderr)
	for id, listed := range map[string]bool{"C-1": true, "C-2": true, "C-3": true, "C-4": false} {
		assert.Equal(t, listed, strings.Contains(stdout, id), id)
	}
}
