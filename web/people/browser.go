package people

import (
	"context"
	"fmt"
	"time"
)

// BrowserLife is how long a browser is known in which somebody signed in (docs/policy.md#people). Browsers keep no cookie
// for longer.
const BrowserLife = 400 * 24 * time.Hour

func browserKey(secret string) string { return secretKey("browser", secret) }

// Remember makes a secret for a browser in which the person has signed in. It lets nobody in: wrong passwords that others
// try elsewhere do not slow the person down in a browser that shows it.
func (b *Book) Remember(ctx context.Context, id string) (secret string, err error) {
	secret = newSecret()
	if _, err := b.store.Create(ctx, browserKey(secret), []byte(normal(id)), BrowserLife); err != nil {
		return "", fmt.Errorf("remember a browser: %w", err)
	}
	return secret, nil
}

// Remembers is the id of the person who has signed in in a browser before, or "".
func (b *Book) Remembers(ctx context.Context, secret string) (id string) {
	if len(secret) != secretLength {
		return ""
	}
	value, _, err := b.store.Get(ctx, browserKey(secret))
	if err != nil { // then it counts as one that nobody knows
		return ""
	}
	return string(value)
}
