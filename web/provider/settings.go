package provider

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"countersign/web/access"
)

// Settings are web.oidc. Without an issuer there is no provider.
type Settings struct {
	Issuer       string   `yaml:"issuer"`
	ClientID     string   `yaml:"client_id"`
	ClientSecret string   `yaml:"client_secret"`
	Scopes       []string `yaml:"scopes"`
	// GroupsClaim is the claim with the groups; Roles and Lines are what each of them gives.
	GroupsClaim string                   `yaml:"groups_claim"`
	Roles       map[string][]access.Role `yaml:"roles"`
	Lines       map[string][]string      `yaml:"lines"`
	// Name is what people call the provider.
	Name string `yaml:"name"`
}

// DefaultSettings are those of no provider.
func DefaultSettings() Settings {
	return Settings{
		Scopes: []string{"openid", "profile", "email"}, GroupsClaim: "groups",
		Roles: map[string][]access.Role{}, Lines: map[string][]string{},
	}
}

// Check lists what is wrong with the settings.
func (s Settings) Check() (errs []error) {
	wrong := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if s.Issuer == "" {
		if s.ClientID != "" {
			wrong("issuer is missing: the address of the identity provider, as its tokens have it")
		}
		return errs
	}
	u, err := url.Parse(s.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil,
		u.Scheme != "https" && u.Scheme != "http":
		wrong("issuer is %q: it must be the address of the identity provider, such as https://login.example.com", s.Issuer)
	case u.Scheme == "http" && !isThisMachine(u.Hostname()):
		wrong("issuer is %q: it must begin with https://", s.Issuer)
	}
	if s.ClientID == "" {
		wrong("client_id is missing: the identity provider gives it")
	}
	if !slices.Contains(s.Scopes, "openid") {
		wrong("scopes must have openid")
	}
	if s.GroupsClaim == "" && len(s.Roles)+len(s.Lines) > 0 {
		wrong("groups_claim is missing: roles and lines go by groups")
	}
	for group, roles := range s.Roles {
		for _, r := range roles {
			if !slices.Contains(access.Roles(), r) {
				wrong("roles.%s has the role %q: it can be agent, supervisor, business or admin", group, r)
			}
		}
	}
	return errs
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// name is what people call the provider.
func (s Settings) name() string {
	if s.Name != "" {
		return s.Name
	}
	if u, err := url.Parse(s.Issuer); err == nil {
		return u.Hostname()
	}
	return s.Issuer
}

// roles are what the groups give, in the order of all roles.
func (s Settings) roles(groups []string) (roles []access.Role) {
	for _, r := range access.Roles() {
		if slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(s.Roles[g], r) }) {
			roles = append(roles, r)
		}
	}
	return roles
}

// everyLine in lines stands for all.
const everyLine = "*"

// lines are what the groups give: all is true for every line.
func (s Settings) lines(groups []string) (lines []string, all bool) {
	for _, g := range groups {
		lines = append(lines, s.Lines[g]...)
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	return lines, slices.Contains(lines, everyLine)
}

// origin is scheme and host of an address, for a log.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Scheme+"://"+u.Host, "://")
}
