package webhook

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func decodeSecret(text string) ([]byte, error) {
	encoded, found := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(key) < leastSecretBytes || len(key) > maxBytes {
		return nil, fmt.Errorf("it must be %s and the base64 of %d to %d bytes: printf %s; openssl rand -base64 32",
			secretPrefix, leastSecretBytes, maxBytes, secretPrefix)
	}
	return key, nil
}

// signed returns the headers of Standard Webhooks 1.0: id, time, and a signature for each secret. Receivers know a
// repetition by the id.
func signed(signers []*standardwebhooks.Webhook, id string, at time.Time, body []byte) (http.Header, error) {
	h := http.Header{}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	var signatures []string
	for _, s := range signers {
		signature, err := s.Sign(id, at, body)
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) > 0 {
		h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return h, nil
}
