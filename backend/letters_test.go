package backend_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
	"countersign/backend/stub"
	"countersign/session"
)

func policyOf(id, policy string) stub.Customer {
	return stub.Customer{
		ID: id, Identifiers: map[string]string{"policy": policy}, Secrets: map[string]string{"pin": canaryPIN},
	}
}

func TestTheBackendFindsEverybodyWithTheSameKeys(t *testing.T) {
	t.Parallel()
	crm := stub.NewCRM(canaryToken, []stub.Customer{
		policyOf("C-1", "AB-1234"), policyOf("C-2", "22 1234"), policyOf("C-3", "AD-1234"), policyOf("C-4", "221234"),
	})
	d := directory(t, crmSettings(t, serve(t, crm)), local(t), nil)
	all, err := d.ByKeypad(deadline(t), "policy", "221234")
	require.NoError(t, err)
	var found []string
	for _, c := range all {
		found = append(found, c.ID)
		assert.Equal(t, []string{"pin"}, c.Enrolled)
	}
	assert.Equal(t, []string{"C-1", "C-2", "C-4"}, found)
	all, err = d.ByKeypad(deadline(t), "policy", "999999")
	require.NoError(t, err)
	assert.Empty(t, all)
	asked := crm.Asked()
	all, err = d.ByKeypad(deadline(t), "policy", "")
	require.NoError(t, err)
	assert.Empty(t, all)
	assert.Equal(t, asked, crm.Asked(), "nothing is asked")
}

func TestSeveralCustomersForOneIdentifierOfDigitsAreAnOutage(t *testing.T) {
	t.Parallel()
	crm := stub.NewCRM(canaryToken, []stub.Customer{policyOf("C-1", "AB-1234"), policyOf("C-2", "221234")})
	d := directory(t, crmSettings(t, serve(t, crm)), local(t), nil)
	_, found, err := d.ByIdentifier(deadline(t), "policy", "221234")
	require.ErrorIs(t, err, endpoint.ErrUnavailable)
	assert.False(t, found)
}

// One without a readable id is among those found, as for a telephone number: nobody must look like the only one.
func TestARecordThatCannotBeReadIsAmongThoseWithTheSameKeys(t *testing.T) {
	t.Parallel()
	var value string
	crm := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value = r.URL.Query().Get("kind") + " " + r.URL.Query().Get("value")
		_, _ = w.Write([]byte(`{"customers": [{"id": "C-1"}, {"name": "nobody knows"}]}`))
	})
	d := directory(t, crmSettings(t, serve(t, crm)), local(t), nil)
	all, err := d.ByKeypad(deadline(t), "policy", "221234")
	require.NoError(t, err)
	assert.Equal(t, []session.Customer{{ID: "C-1"}, {}}, all)
	assert.Equal(t, "policy 221234", value)
}

func TestIdentifiersWithLettersAreFoundHereWithoutAnOperation(t *testing.T) {
	t.Parallel()
	s := crmSettings(t, serve(t, stub.NewCRM(canaryToken, nil)))
	s.ByIdentifier = nil
	s.Customer.Always = []string{"birth_date"}
	d := directory(t, s, local(t, "id,id:policy,account", "C-1,AB-1234,1", "C-2,CA-1234,2"), nil)
	all, err := d.ByKeypad(deadline(t), "policy", "221234")
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, []string{"birth_date"}, all[0].Enrolled, "what the backend checks")
}
