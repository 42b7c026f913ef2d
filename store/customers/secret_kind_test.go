package customers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var today = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

func TestSecretsHaveOneForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, raw, want string }{
		{KindPIN, "0042", "0042"},
		{KindBirthDate, "1980-02-29", "19800229"},
		{KindBirthDate, "29.02.1980", "19800229"},
		{KindBirthDate, "1.2.1900", "19000201"},
		{KindBirthDate, "2026-03-14", "20260314"},
		{KindPassphrase, "  Meine STIMME, mein  Pass! ", "meine stimme mein pass"},
		{KindPassphrase, "Größe's ok", "größe's ok"},
		{"postcode", "01", "01"},
		{"postcode", strings.Repeat("7", 20), strings.Repeat("7", 20)},
	} {
		form, problem := normal(tt.kind, []byte(tt.raw), today)
		assert.Empty(t, problem, "%s %q", tt.kind, tt.raw)
		assert.Equal(t, tt.want, string(form))
	}
}

func TestWhatIsNoSecretIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, raw, want string }{
		{KindPIN, "12a4", "the pin must have 4 to 12 digits"},
		{KindBirthDate, "1981-02-29", "the birth_date must be a day from 1900 to today, written 1980-12-31 or 31.12.1980"},
		{KindBirthDate, "1899-12-31", "the birth_date must be"},
		{KindBirthDate, "2026-03-15", "the birth_date must be"},
		{KindBirthDate, "12/31/1980", "the birth_date must be"},
		{KindBirthDate, "31.12.80", "the birth_date must be"},
		{KindPassphrase, "sesamesesame", "the passphrase must have at least 2 words"},
		{KindPassphrase, "a b c d", "8 to 100 characters"},
		{KindPassphrase, "!!!!!!! ??????", "8 to 100 characters"},
		{KindPassphrase, strings.Repeat("long ", 21), "8 to 100 characters"},
		{"postcode", "1", "the postcode must have 2 to 20 digits and nothing else"},
		{"postcode", "EC1A 1BB", "the postcode must have"},
		{"postcode", strings.Repeat("7", 21), "the postcode must have"},
		{"postcode", "１２３４", "the postcode must have"},
	} {
		_, problem := normal(tt.kind, []byte(tt.raw), today)
		require.Contains(t, problem, tt.want, "%s %q", tt.kind, tt.raw)
		if len(tt.raw) > 1 {
			assert.NotContains(t, problem, tt.raw)
		}
	}
}

func TestCompaniesNameTheirOwnKinds(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"postcode", "card_4", "a", "x" + strings.Repeat("y", 31)} {
		assert.True(t, isNewKind(kind) && isNewFact(kind), kind)
	}
	assert.True(t, isNewKind("tracking"))
	assert.False(t, isNewFact("tracking"))
	for _, kind := range []string{
		"", "4card", "Postcode", "post code", "x" +
			strings.Repeat("y", 32), "pin", "birth_date", "passphrase", "totp", "sms_code", "ani", "account", "customer",
		"phone", "token", "enrolled", "greeting", "closed", "remember_number",
	} {
		assert.False(t, isNewKind(kind) || isNewFact(kind), kind)
	}
}
