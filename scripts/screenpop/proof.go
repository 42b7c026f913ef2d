package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keys are the service's public keys by their id.
type keys map[string]ed25519.PublicKey

// readKeys reads jwks.json. A long-running program reads it again when it meets a key that it does not know.
func readKeys(from string) (keys, error) {
	text, err := read(from)
	if err != nil {
		return nil, fmt.Errorf("the service's public keys: %w", err)
	}
	var set struct {
		Keys []struct{ Kid, Crv, X string }
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("the service's public keys: %s: %w", from, err)
	}
	all := keys{}
	for _, k := range set.Keys {
		if x, err := base64.RawURLEncoding.DecodeString(k.X); err == nil && k.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
			all[k.Kid] = x
		}
	}
	return all, nil
}

func read(from string) ([]byte, error) {
	if !strings.HasPrefix(from, "http://") && !strings.HasPrefix(from, "https://") {
		return os.ReadFile(from)
	}
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(from)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", from, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, 1<<20))
}

// said is what the service has signed.
type said struct {
	Call   string `json:"call"`
	Status string `json:"status"`
	Level  int    `json:"level"`
	PopURL string `json:"pop_url"`
	jwt.RegisteredClaims
}

var errForged = errors.New("nothing pops: not signed by the service, or old")

// check returns what a proof says if the service has signed it, at most that long ago.
func (k keys) check(proof string, now time.Time, oldest time.Duration) (s said, err error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithTimeFunc(func() time.Time { return now }))
	_, err = parser.ParseWithClaims(proof, &s, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		key, known := k[id]
		if !known || t.Header["typ"] != "countersign-status+jwt" { // the same key signs other things, too
			return nil, errForged
		}
		return key, nil
	})
	if err != nil || s.IssuedAt == nil || s.ID == "" || now.Sub(s.IssuedAt.Time).Abs() > oldest {
		return said{}, errForged
	}
	return s, nil
}
