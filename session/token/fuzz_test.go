package token_test

import (
	"errors"
	"strings"
	"testing"

	"countersign/session"
)

func FuzzRedeem(f *testing.F) {
	b := newBench(f)
	good := b.issued(f)
	parts := strings.Split(good, ".")
	for _, seed := range []string{
		"", "..", "a.b.c", good[:len(good)-1], good + "=", parts[0] + "." + parts[1] + ".", parts[0] + ".e30." + parts[2],
		"e30.e30.e30",
		"eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9." + parts[1] + ".AAAA", strings.Repeat("A", 5000), "\xff\x00.\n.\r",
		strings.ToUpper(good),
	} {
		f.Add(seed, "retail")
	}
	f.Fuzz(func(t *testing.T, raw, line string) {
		if raw == good {
			return // the one that is good
		}
		_, err := b.Redeem(t.Context(), secret(raw), line)
		var refused *session.RefusedError
		if !errors.As(err, &refused) {
			t.Fatalf("not refused: %v", err)
		}
		if len(raw) > 20 && strings.Contains(err.Error(), raw) {
			t.Fatal("the token is in the error")
		}
	})
}
