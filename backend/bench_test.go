package backend_test

import (
	"testing"

	"github.com/stretchr/testify/require"
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
