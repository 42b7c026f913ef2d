package backend_test

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
)

// BenchmarkByIdentifier is one look-up over loopback, the stub's own work included.
func BenchmarkByIdentifier(b *testing.B) {
	d, _ := withCRM(b, nil)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, found, err := d.ByIdentifier(ctx, "account", "100042")
		require.NoError(b, err)
		require.True(b, found)
	}
}

// BenchmarkCheck is one PIN, checked over loopback.
func BenchmarkCheck(b *testing.B) {
	d, _ := withCRM(b, nil)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		ok, err := d.Check(ctx, "C-1001", "pin", secret(canaryPIN))
		require.NoError(b, err)
		require.True(b, ok)
	}
}

// BenchmarkCheckOverTLS is one PIN, checked over TLS on a kept connection and on a new one: what closing idle
// connections early costs.
func BenchmarkCheckOverTLS(b *testing.B) {
	crm := httptest.NewTLSServer(stub.NewCRM(canaryToken, []stub.Customer{ada}))
	b.Cleanup(crm.Close)
	ca := filepath.Join(b.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: crm.Certificate().Raw}
	require.NoError(b, os.WriteFile(ca, pem.EncodeToMemory(block), 0o600))
	for name, keep := range map[string]bool{"kept": true, "new": false} {
		b.Run(name, func(b *testing.B) {
			s := crmSettings(b, crm.URL)
			s.TLS.CA, s.Check["*"].Idempotent = ca, &keep
			d := directory(b, s, local(b), nil)
			for b.Loop() {
				ok, err := d.Check(b.Context(), "C-1001", "pin", secret(canaryPIN))
				require.NoError(b, err)
				require.True(b, ok)
			}
		})
	}
}
