package backend_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/session"
)

func message(language string) session.Message {
	return session.Message{To: "+4915112345678", Language: language, Line: "retail", Code: secret(canaryCode),
		Lifetime: 5 * time.Minute}
}

const canaryCode = "805127"

func gateway(t testing.TB, s sms.Settings) *sms.Gateway {
	g, err := sms.New(s, endpoint.Options{Env: environment})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g
}
