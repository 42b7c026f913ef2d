package event

// FactTokenRefused: the call brought an ID&V token that does not count. The normal flow runs.
const FactTokenRefused Fact = "token_refused"

// Refusal says in one word why a token does not count.
type Refusal string

const (
	// RefusedMalformed: it is no token.
	RefusedMalformed Refusal = "malformed"
	// RefusedForged: its signature is not ours, or not of the one algorithm that we use.
	RefusedForged Refusal = "forged"
	// RefusedExpired: it is too old, or from the future.
	RefusedExpired Refusal = "expired"
	// RefusedReplayed: it has been used before.
	RefusedReplayed Refusal = "replayed"
	// RefusedForeign: it is for another audience, from another issuer or for another line.
	RefusedForeign Refusal = "foreign"
	// RefusedUnknown: we do not know (any more) what it stands for.
	RefusedUnknown Refusal = "unknown"
	// RefusedUnavailable: it could not be found out.
	RefusedUnavailable Refusal = "unavailable"
)

// TokenRefused says why. It holds nothing of the token.
type TokenRefused struct {
	Reason Refusal `json:"reason"`
}

// Fact implements Data.
func (TokenRefused) Fact() Fact { return FactTokenRefused }
