// Package provider signs people in at the company's identity provider (OpenID Connect 1.0, the code flow with PKCE). It
// answers "who does the provider say this is?", and refuses every answer that is not for the very question it asked:
// another provider's, another program's, an older one, one that was used before. It keeps nothing and serves no pages.
package provider

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"countersign/web/people"
)

// Errors of a sign-in. Both say why in words for a log, without a secret.
var (
	// ErrRefused: the answer does not count, or the provider refused.
	ErrRefused = errors.New("the sign-in at the identity provider does not count")
	// ErrAway: the provider cannot be asked.
	ErrAway = errors.New("the identity provider cannot be reached")
)

func refused(format string, a ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, a...))
}

// within bounds one request to the provider.
const within = 4 * time.Second

// Provider is the company's identity provider. Any goroutine may use it.
type Provider struct {
	settings Settings
	callback string
	now      func() time.Time
	client   *http.Client

	mu    sync.Mutex
	known *known // nil until the provider was reached
}

// known is what the provider says of itself.
type known struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	// saysIssuer: its answers name it (RFC 9207).
	saysIssuer bool
}

// New makes a Provider and asks it nothing yet. callback is the address to which it sends browsers back.
func New(s Settings, callback string, now func() time.Time) *Provider {
	// Sign-ins are rare: no connection waits for the next one.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	return &Provider{
		settings: s, callback: callback, now: now, client: &http.Client{Timeout: within, Transport: transport},
	}
}

// Name is what people call the provider.
func (p *Provider) Name() string { return p.settings.name() }

// SetsRoles says whether the groups of a person give their roles.
func (p *Provider) SetsRoles() bool { return len(p.settings.Roles) > 0 }

// Pending is a sign-in that has begun. The session of the browser keeps it, and nobody else may see it.
type Pending struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Begin returns the address at which a browser signs in.
func (p *Provider) Begin(ctx context.Context) (address string, begun Pending, err error) {
	k, err := p.discover(ctx)
	if err != nil {
		return "", Pending{}, err
	}
	begun = Pending{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
	address = k.oauth.AuthCodeURL(begun.State, oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier))
	return address, begun, nil
}

// discover asks the provider what it is, until it has answered once.
func (p *Provider) discover(ctx context.Context) (*known, error) {
	p.mu.Lock()
	k := p.known
	p.mu.Unlock()
	if k != nil {
		return k, nil
	}
	// The keys are fetched later, with the client of this context, not within its time.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.settings.Issuer)
	var mismatch *oidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return nil, fmt.Errorf("%w: it says that it is %q: set web.oidc.issuer to that", ErrAway, mismatch.Discovered)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	var says struct {
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&says); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	endpoint := found.Endpoint()
	endpoint.AuthStyle = authStyle(says.Methods, p.settings.ClientSecret != "")
	k = &known{
		provider: found, saysIssuer: says.SaysIssuer,
		verifier: found.Verifier(&oidc.Config{ClientID: p.settings.ClientID, Now: p.now}),
		oauth: oauth2.Config{
			ClientID: p.settings.ClientID, ClientSecret: p.settings.ClientSecret, Endpoint: endpoint,
			RedirectURL: p.callback, Scopes: p.settings.Scopes,
		},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = k
	return k, nil
}

// authStyle is how we say who we are. Trying both would use up the code.
func authStyle(methods []string, hasSecret bool) oauth2.AuthStyle {
	switch {
	case !hasSecret:
		return oauth2.AuthStyleInParams
	case len(methods) == 0, slices.Contains(methods, "client_secret_basic"):
		return oauth2.AuthStyleInHeader // what the standard has by default
	}
	return oauth2.AuthStyleInParams
}

// Finish says who has signed in, of the query with which the browser came back. Its errors are ErrRefused and ErrAway.
func (p *Provider) Finish(ctx context.Context, begun Pending, query url.Values) (people.Identity, error) {
	k, err := p.discover(ctx)
	if err != nil {
		return people.Identity{}, err
	}
	if !same(query.Get("state"), begun.State) {
		return people.Identity{}, refused("the state is not that of the browser's session")
	}
	if iss := query.Get("iss"); iss != "" && iss != p.settings.Issuer || iss == "" && k.saysIssuer {
		return people.Identity{}, refused("the answer is of the provider %q", iss)
	}
	if said := query.Get("error"); said != "" {
		return people.Identity{}, refused("the provider said %q", said)
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := k.oauth.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		return people.Identity{}, exchangeError(err, k.oauth.Endpoint.TokenURL)
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return people.Identity{}, refused("the provider sent no id_token: is openid in web.oidc.scopes?")
	}
	token, err := k.verifier.Verify(ctx, raw)
	if err != nil {
		return people.Identity{}, refused("%w", err)
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return people.Identity{}, refused("the claims cannot be read")
	}
	switch {
	case !same(token.Nonce, begun.Nonce):
		return people.Identity{}, refused("the nonce is not that of the browser's session")
	case len(token.Audience) > 1 && c.Party != p.settings.ClientID, c.Party != "" && c.Party != p.settings.ClientID:
		return people.Identity{}, refused("the token was issued to %q", c.Party)
	case token.Subject == "":
		return people.Identity{}, refused("the token has no subject")
	}
	if err := p.completeClaims(ctx, k, tokens, token, &c); err != nil {
		return people.Identity{}, err
	}
	return p.identity(token.Subject, c), nil
}

func same(a, b string) bool { return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// exchangeError leaves out what the provider's answer holds, but for its code.
func exchangeError(err error, at string) error {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) && answered.Response != nil && answered.Response.StatusCode < 500 {
		return refused("the provider did not take the code: %q, status %d", answered.ErrorCode, answered.Response.StatusCode)
	}
	if answered != nil {
		return fmt.Errorf("%w: %s answered with status %d", ErrAway, origin(at), answered.Response.StatusCode)
	}
	return fmt.Errorf("%w: %s", ErrAway, strings.SplitN(err.Error(), "\n", 2)[0])
}

// claims are what a token or the userinfo says of a person.
type claims struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some providers write "true"
	Name     string `json:"name"`
	Known    string `json:"preferred_username"`
	Locale   string `json:"locale"`
	Party    string `json:"azp"`

	all map[string]json.RawMessage
}

// UnmarshalJSON keeps all claims, too: that of the groups has a name of its own.
func (c *claims) UnmarshalJSON(text []byte) error {
	type plain claims
	if err := json.Unmarshal(text, (*plain)(c)); err != nil {
		return err
	}
	return json.Unmarshal(text, &c.all)
}

// completeClaims asks the userinfo for what the token does not have.
func (p *Provider) completeClaims(
	ctx context.Context, k *known, tokens *oauth2.Token, token *oidc.IDToken, c *claims,
) error {
	wantsGroups := p.SetsRoles() || len(p.settings.Lines) > 0
	if _, has := c.all[p.settings.GroupsClaim]; (has || !wantsGroups) && c.Email != "" || k.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := k.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("%w: %s does not say who it is", ErrAway, origin(k.provider.UserInfoEndpoint()))
	}
	if info.Subject != token.Subject {
		return refused("the userinfo is of somebody else")
	}
	var more claims
	if err := info.Claims(&more); err != nil {
		return refused("the userinfo cannot be read")
	}
	if c.Email == "" {
		c.Email, c.Verified = more.Email, more.Verified
	}
	if c.Name == "" {
		c.Name = more.Name
	}
	if _, has := c.all[p.settings.GroupsClaim]; !has {
		c.all[p.settings.GroupsClaim] = more.all[p.settings.GroupsClaim]
	}
	return nil
}

// identity is who the claims say it is.
func (p *Provider) identity(subject string, c claims) people.Identity {
	i := people.Identity{
		Issuer: p.settings.Issuer, Subject: subject, Name: firstOf(c.Name, c.Known, c.Email), Locale: c.Locale,
	}
	if c.Verified == true || c.Verified == "true" {
		i.Email = c.Email
	}
	groups := c.groups(p.settings.GroupsClaim)
	if p.SetsRoles() {
		i.SetsRoles, i.Roles = true, p.settings.roles(groups)
	}
	if len(p.settings.Lines) > 0 {
		lines, all := p.settings.lines(groups)
		switch i.SetsLines = true; {
		case all:
		case len(lines) == 0:
			i.Lines = []string{people.NoLine}
		default:
			i.Lines = lines
		}
	}
	return i
}

// groups are a list, or one word.
func (c claims) groups(claim string) (groups []string) {
	if json.Unmarshal(c.all[claim], &groups) == nil {
		return groups
	}
	var one string
	if json.Unmarshal(c.all[claim], &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
