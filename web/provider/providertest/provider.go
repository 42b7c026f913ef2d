// Package providertest is a small OpenID Connect provider for tests. It checks what a program sends (redirect URI, PKCE,
// secret, each code once), and can be told to answer wrongly.
package providertest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// The client that the provider knows.
const (
	ClientID = "countersign"
	Secret   = "the secret of the client"
)

// Provider is a provider. Set its fields before a browser comes.
type Provider struct {
	// URL is its issuer.
	URL string
	// Callback is the only redirect URI that it accepts.
	Callback string
	// Claims are those of who signs in, but for iss, aud, exp, iat and nonce.
	Claims map[string]any
	// UserInfo are claims that only the userinfo has; nil for no such endpoint.
	UserInfo map[string]any
	// Change changes the claims of a token before it is signed.
	Change func(claims jwt.MapClaims)
	// SaysIssuer: its answers name it (RFC 9207), as what it says here; "" for itself.
	SaysIssuer bool
	IssuerSaid string
	// SignedBy signs tokens in its place.
	SignedBy *Provider
	// Now is its clock.
	Now func() time.Time

	t   testing.TB
	key *rsa.PrivateKey

	mu    sync.Mutex
	codes map[string]begun
}

type begun struct{ nonce, challenge string }

// New starts a provider.
func New(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &Provider{t: t, key: key, Now: now, codes: map[string]begun{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	says := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		"authorization_response_iss_parameter_supported": p.SaysIssuer,
	}
	if p.UserInfo != nil {
		says["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	answer(w, says)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": encode(p.key.N.Bytes()),
		"e": encode(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// SignIn is what somebody does who was sent to the address: they sign in. It returns the query with which their browser
// goes back.
func (p *Provider) SignIn(address string) url.Values {
	p.t.Helper()
	at, err := url.Parse(address)
	require.NoError(p.t, err)
	q := at.Query()
	require.Equal(p.t, p.URL+"/authorize", "http://"+at.Host+at.Path)
	require.Equal(p.t, []string{"code", ClientID, p.Callback, "S256"}, []string{
		q.Get("response_type"), q.Get("client_id"), q.Get("redirect_uri"), q.Get("code_challenge_method"),
	})
	require.NotEmpty(p.t, q.Get("state"))
	require.NotEmpty(p.t, q.Get("nonce"))
	var b [16]byte
	_, _ = rand.Read(b[:])
	code := encode(b[:])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = begun{q.Get("nonce"), q.Get("code_challenge")}
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if p.SaysIssuer {
		back.Set("iss", p.URL)
	}
	if p.IssuerSaid != "" {
		back.Set("iss", p.IssuerSaid)
	}
	return back
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	b, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || encode(sum[:]) != b.challenge || id != ClientID || secret != Secret ||
		r.PostFormValue("redirect_uri") != p.Callback {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error": "invalid_grant", "error_description": "not for a log"}`))
		return
	}
	now := p.Now()
	claims := jwt.MapClaims{
		"iss": p.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "nonce": b.nonce,
	}
	for name, value := range p.Claims {
		claims[name] = value
	}
	if p.Change != nil {
		p.Change(claims)
	}
	signer := p
	if p.SignedBy != nil {
		signer = p.SignedBy
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "1"
	raw, err := token.SignedString(signer.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": raw})
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer access" || p.UserInfo == nil {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	answer(w, p.UserInfo)
}
