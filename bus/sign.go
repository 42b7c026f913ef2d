package bus

import (
	"fmt"

	"github.com/nats-io/nats.go"
)

// signatureHeader has the signature of a message's bytes, by which a consumer of a NATS that others may write to can
// tell that a service of ours published it.
const signatureHeader = "Countersign-Signature"

// Signer signs an event's bytes (token.Keys.SignEvent).
type Signer func(body []byte) (jws string, err error)

func sign(msg *nats.Msg, with Signer) error {
	if with == nil {
		return nil
	}
	jws, err := with(msg.Data)
	if err != nil {
		return fmt.Errorf("sign the event: %w", err)
	}
	msg.Header.Set(signatureHeader, jws)
	return nil
}
