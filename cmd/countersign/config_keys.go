package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"countersign/web"
	"countersign/web/access"
)

// apiClient is a client of the API: the SHA-256 of its key, or that with what it may do.
type apiClient struct {
	SHA256 string         `yaml:"sha256"`
	Scopes []access.Scope `yaml:"scopes"`
}

// UnmarshalYAML reads a hash alone, too.
func (k *apiClient) UnmarshalYAML(text []byte) error {
	type plain apiClient // without this method
	if err := yaml.Unmarshal(text, &k.SHA256); err == nil {
		return nil
	}
	if err := yaml.UnmarshalWithOptions(text, (*plain)(k), yaml.Strict()); err != nil {
		return fmt.Errorf("wrong: write NAME: HASH, or NAME: {sha256: HASH, scopes: [%s]}", joinedScopes())
	}
	return nil
}

func joinedScopes() string {
	var names []string
	for _, s := range access.Scopes() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// apiKeys are the clients of the API, and what is wrong with their settings.
func (c config) apiKeys() (keys []web.Key, wrong []error) {
	for _, name := range slices.Sorted(maps.Keys(c.Web.Keys)) {
		set := c.Web.Keys[name]
		say := func(format string, a ...any) {
			wrong = append(wrong, fmt.Errorf("web.keys."+name+" "+format, a...))
		}
		k := web.Key{Name: name, Scopes: set.Scopes}
		if len(k.Scopes) == 0 {
			k.Scopes = access.DefaultScopes()
		}
		for _, s := range k.Scopes {
			if !slices.Contains(access.Scopes(), s) {
				say("has the scope %q: it can be %s", s, joinedScopes())
			}
		}
		sum, err := hex.DecodeString(set.SHA256)
		switch {
		case err != nil || len(sum) != len(k.SHA256):
			say("must be the SHA-256 of a key, 64 hexadecimal digits: openssl rand -hex 32 makes a key, " +
				"printf %%s KEY | sha256sum its hash")
			continue
		case isGuessable([sha256.Size]byte(sum)):
			say("is the hash of a key that everybody guesses: openssl rand -hex 32 makes one that nobody does")
		}
		copy(k.SHA256[:], sum)
		keys = append(keys, k)
	}
	return keys, wrong
}

// keyNames are the names of the settings' keys.
func (c config) keyNames() []string { return slices.Collect(maps.Keys(c.Web.Keys)) }

// guessable are keys that are typed in a hurry, or left empty by a script.
var guessable = []string{
	"", "key", "apikey", "api-key", "api_key", "token", "secret", "password", "passwd", "changeme", "change-me", "test",
	"testing", "admin", "root", "demo", "default", "example", "letmein", "countersign", "freeswitch", "none", "null", "x",
	"123", "1234", "12345", "123456", "12345678", "123456789", "1234567890", "0000", "foo", "bar", "abc", "hunter2",
	"ClueCon", "Bearer", "HASH", "YOUR_KEY", "your-key", "$key", "${key}",
}

// isGuessable reports the hash of a key that is guessable, in lower or upper case, with a line's end or without.
func isGuessable(sum [sha256.Size]byte) bool {
	for _, g := range guessable {
		for _, spelling := range []string{g, strings.ToLower(g), strings.ToUpper(g)} {
			for _, end := range []string{"", "\n", "\r\n"} {
				if sha256.Sum256([]byte(spelling+end)) == sum {
					return true
				}
			}
		}
	}
	return false
}

// isOpenToNetwork reports whether an address can be reached from other machines.
func isOpenToNetwork(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "localhost" {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.IsLoopback()
}
