package customers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheAuditLogCallsACustomerByAnAlias(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	alias := d.Alias("C-1001")
	assert.Equal(t, alias, d.Alias("C-1001"))
	assert.NotEqual(t, alias, d.Alias("C-1002"))
	assert.False(t, strings.Contains(alias, "1001"))
	other := newDirectory(t, Options{Pepper: OnePepper([]byte("fedcba9876543210fedcba9876543210"))})
	assert.NotEqual(t, alias, other.Alias("C-1001"), "nobody without the pepper can try ids")
}
