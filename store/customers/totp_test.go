package customers

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rfcKey is the key of RFC 6238, appendix B, whose codes of eight digits end in ours of six.
const rfcKey = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestCheckTOTP(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	fill(t, d, "id,totp_secret", "c1,"+rfcKey, "c2,KRSXG5CTMVRXEZLUKN2XAZLSKNSWG4TF", "none,")
	for _, tt := range []struct {
		name, customer, code string
		at, step             int64
		ok                   bool
	}{
		{"the first of RFC 6238", "c1", "287082", 59, 1, true},
		{"another of RFC 6238", "c1", "081804", 1111111109, 37037036, true},
		{"a late one of RFC 6238", "c1", "353130", 20000000000, 666666666, true},
		{"a clock that is a step slow", "c1", "081804", 1111111109 + 30, 37037036, true},
		{"a clock that is a step fast", "c1", "081804", 1111111109 - 30, 37037036, true},
		{"two steps late", "c1", "081804", 1111111109 + 60, 0, false},
		{"two steps early", "c1", "081804", 1111111109 - 60, 0, false},
		{"another's code", "c2", "081804", 1111111109, 0, false},
		{"the code of eight digits", "c1", "07081804", 1111111109, 0, false},
		{"five digits", "c1", "08180", 1111111109, 0, false},
		{"nothing", "c1", "", 1111111109, 0, false},
		{"a customer who has none", "none", "081804", 1111111109, 0, false},
		{"an unknown customer", "unknown", "081804", 1111111109, 0, false},
	} {
		code := secret(tt.code)
		step, ok, err := d.CheckTOTP(deadline(t), tt.customer, code, time.Unix(tt.at, 0))
		require.NoError(t, err, tt.name)
		assert.Equal(t, tt.ok, ok, tt.name)
		assert.Equal(t, tt.step, step, tt.name)
		assert.Equal(t, tt.code, string(code.Reveal()), "the caller wipes the code")
	}
}

func TestASealedSecretIsWorthNothingInAnotherRow(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, Options{})
	fill(t, d, "id,totp_secret", "thief,"+rfcKey, "victim,KRSXG5CTMVRXEZLUKN2XAZLSKNSWG4TF")
	_, err := d.db.Write.Exec(`UPDATE sealed
		SET box = (SELECT box FROM sealed WHERE customer = 'thief') WHERE customer = 'victim'`)
	require.NoError(t, err)
	_, ok, err := d.CheckTOTP(deadline(t), "victim", secret("081804"), time.Unix(1111111109, 0))
	require.EqualError(t, err, "the stored totp secret of customer victim is damaged: enrol it again")
	assert.False(t, ok)
}

func TestTOTPSecretsAreReadAsAuthenticatorsAreGivenThem(t *testing.T) {
	t.Parallel()
	want := hex.EncodeToString([]byte("12345678901234567890"))
	for _, raw := range []string{
		rfcKey, strings.ToLower(rfcKey), "GEZD GNBV GY3T QOJQ gezd gnbv gy3t qojq", rfcKey + "======",
		"otpauth://totp/Bank:ada?secret=" + rfcKey +
			"&issuer=Bank", "OTPAUTH://TOTP/ada?digits=6&period=30&algorithm=sha1&secret=" + strings.ToLower(rfcKey),
	} {
		key, problem := totpKey([]byte(raw))
		assert.Empty(t, problem, raw)
		assert.Equal(t, want, hex.EncodeToString(key), raw)
	}
	key, problem := totpKey([]byte("OBZGC5DFNZSXQ5DSMFQXG53FOJSA====")) // 17 bytes
	assert.Empty(t, problem)
	assert.Len(t, key, 17)
	for raw, want := range map[string]string{
		"GEZDGNBVGY3TQOJ1":  "must be base32",
		"GEZDGNBVGY3TQOJQG": "must be base32",
		"GEZD=GNBVGY3TQOJQ": "must be base32",
		"GEZDGNBVGY3TQ": "must have 10 to 64 bytes, " +
			"that is 16 to 103 letters and digits",
		strings.Repeat("GEZDGNBV", 13):                         "must have 10 to 64 bytes",
		"otpauth://hotp/ada?secret=" + rfcKey:                  "must be an otpauth://totp/ address",
		"otpauth:nonsense":                                     "must be an otpauth://totp/ address",
		"otpauth://totp/ada":                                   "without its secret",
		"otpauth://totp/a%zz?secret=" + rfcKey:                 "is not a valid otpauth:// address",
		"otpauth://totp/ada?digits=8&secret=" + rfcKey:         "must be for 6 digits, 30 seconds and SHA1",
		"otpauth://totp/ada?period=60&secret=" + rfcKey:        "must be for 6 digits",
		"otpauth://totp/ada?algorithm=SHA256&secret=" + rfcKey: "must be for 6 digits",
		"otpauth://totp/ada?secret=GEZDGNBVGY3TQOJ1":           "must be base32",
	} {
		key, problem := totpKey([]byte(raw))
		assert.Nil(t, key, raw)
		assert.Contains(t, problem, want, raw)
		assert.NotContains(t, problem, rfcKey)
	}
}
