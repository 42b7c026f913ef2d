package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"countersign/internal/datafile"
)

// Keys are the signing key of tokens and the keys that verify them, until Use puts others in their place. They never print.
// Any goroutine may use them.
type Keys struct{ now atomic.Pointer[keySet] }

// keySet is the content of a file. It never changes.
type keySet struct {
	sign   ed25519.PrivateKey
	first  string // the key id of sign
	public map[string]ed25519.PublicKey
	jwks   []byte
}

// Use puts the keys of other in force.
func (k *Keys) Use(other *Keys) { k.now.Store(other.now.Load()) }

// Format prints the same placeholder for every verb.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// JWKS is the public keys as JSON (RFC 8037). It must not be changed.
func (k *Keys) JWKS() []byte { return k.now.Load().jwks }

// LoadKeys reads the keys of tokens: a PEM file with an Ed25519 key (PKCS #8), which signs tokens, and after it any
// number of others, private or public, which only verify them. If the file is missing, it is created with one key,
// readable by its owner only; processes that create it at the same time all get the same key. A damaged file is refused
// and left alone. Machines that share a Store need the same file.
//
// To change the key while calls run: add the new key at the end of the file on every machine and reload, then move it to
// the beginning, reload again, and remove the old one when its last token has expired (MaxLife).
func LoadKeys(path string) (*Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = newKey(); err == nil {
			err = datafile.Create(path, text)
		}
		clear(text)
		if err != nil {
			return nil, fmt.Errorf("create the token key %s: %w", path, err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the token key: %w", err)
	}
	defer clear(text)
	if err := datafile.OwnOnly(path); err != nil {
		return nil, fmt.Errorf("others can read the token key %s: make it readable by its owner only (%w)", path, err)
	}
	k, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; restore it from a backup, or remove it to get a new key, "+
			"which refuses the tokens issued before", path, err)
	}
	return k, nil
}

func newKey() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	defer clear(private)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// jwk is a public key of RFC 8037. Its id is the hash of its first three members in this order (RFC 7638).
type jwk struct {
	Curve string `json:"crv"`
	Type  string `json:"kty"`
	X     string `json:"x"`
	ID    string `json:"kid,omitempty"`
	Use   string `json:"use,omitempty"`
	Alg   string `json:"alg,omitempty"`
}

func parseKeys(text []byte) (*Keys, error) {
	k := &keySet{public: map[string]ed25519.PublicKey{}}
	set := struct {
		Keys []jwk `json:"keys"`
	}{}
	rest := text
	for n := 1; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		private, public, err := parseKey(block)
		clear(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", n, err)
		}
		own, err := newJWK(public)
		if err != nil {
			return nil, err
		}
		switch {
		case n == 1 && private == nil:
			return nil, errors.New("the first key must be a private one")
		case n == 1:
			k.sign, k.first = private, own.ID
		default:
			clear(private)
		}
		if _, twice := k.public[own.ID]; !twice {
			k.public[own.ID] = public
			set.Keys = append(set.Keys, own)
		}
	}
	switch {
	case k.sign == nil:
		return nil, errors.New("no key")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("text after its last key")
	}
	var err error
	if k.jwks, err = json.Marshal(set); err != nil {
		return nil, err
	}
	keys := &Keys{}
	keys.now.Store(k)
	return keys, nil
}

// parseKey reads a PEM block. The key does not share the block's memory.
func parseKey(block *pem.Block) (ed25519.PrivateKey, ed25519.PublicKey, error) {
	var found any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		found, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "PUBLIC KEY":
		found, err = x509.ParsePKIXPublicKey(block.Bytes)
	}
	if err != nil {
		return nil, nil, errors.New("cannot be parsed")
	}
	switch found := found.(type) {
	case ed25519.PrivateKey:
		return found, bytes.Clone(found.Public().(ed25519.PublicKey)), nil
	case ed25519.PublicKey:
		return nil, bytes.Clone(found), nil
	default:
		return nil, nil, errors.New("not an Ed25519 key (PKCS #8, or a public key)")
	}
}

func newJWK(public ed25519.PublicKey) (jwk, error) {
	key := jwk{Curve: "Ed25519", Type: "OKP", X: base64.RawURLEncoding.EncodeToString(public)}
	thumb, err := json.Marshal(key)
	if err != nil {
		return jwk{}, err
	}
	sum := sha256.Sum256(thumb)
	key.ID, key.Use, key.Alg = base64.RawURLEncoding.EncodeToString(sum[:]), "sig", "EdDSA"
	return key, nil
}
