package freeswitch_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"
)

// secret is something that must be nowhere, in every form in which it could be.
type secret struct {
	what string
	// digits are looked for as findKeyed does, texts as they are, in capital or small letters.
	digits, texts []string
}

// leaks says where secrets are, by the name of the place.
func (p places) leaks(secrets ...secret) map[string]string {
	found := map[string]string{}
	for name, in := range p {
		small := smallLetters(in)
		for _, s := range secrets {
			if at := s.leak(in, small); at != "" {
				found[name] += at
			}
		}
	}
	return found
}

// leak says where a secret is in some bytes, which are given in small letters, too.
func (s secret) leak(in, small []byte) (at string) {
	if keyed := findKeyed(in, s.digits...); keyed != "" {
		at = s.what + ": " + keyed + "; "
	}
	for _, text := range s.texts {
		if i := bytes.Index(small, smallLetters([]byte(text))); i >= 0 {
			around := in[max(0, i-surroundings):min(len(in), i+len(text)+surroundings)]
			return at + fmt.Sprintf("%s: %q; ", s.what, around)
		}
	}
	return at
}

// smallLetters has A to Z small, and every byte where it was, whatever the bytes are.
func smallLetters(b []byte) []byte {
	small := bytes.Clone(b)
	for i, c := range small {
		if c >= 'A' && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return small
}

// recognized is the one line that mod_pocketsphinx writes at DEBUG of what it understood. The guide says so, and what
// to do.
var recognized = regexp.MustCompile(`(?m)^.*\[DEBUG\] mod_pocketsphinx\.c:[0-9]+ Recognized: .*$`)

// withoutRecognized is FreeSWITCH's log without these lines.
func (p places) withoutRecognized() (rest places, lines int) {
	rest = maps.Clone(p)
	rest["freeswitch.log"] = recognized.ReplaceAll(p["freeswitch.log"], nil)
	return rest, len(recognized.FindAll(p["freeswitch.log"], -1))
}

// spoken secrets are words: each of them alone must not be found.
func spokenSecret(phrase string) secret {
	return secret{what: "passphrase", texts: strings.Fields(phrase)}
}

// headerWords is what NATS writes by itself: no word of a passphrase may be a part of it.
const headerWords = "countersign-probe kv-operation nats-sequence nats-subject nats-stream nats-rollup nats-ttl purge"

// drawPhrase draws words that are nowhere yet.
func (p places) drawPhrase(t testing.TB, taken *[]string) string {
	t.Helper()
	for {
		phrase := drawWords(t, 3, taken)
		header := slices.ContainsFunc(
			strings.Fields(phrase), func(word string) bool { return strings.Contains(headerWords, word) },
		)
		if !header && len(p.leaks(spokenSecret(phrase))) == 0 {
			return phrase
		}
	}
}

// drawBirthDate draws a day that is nowhere yet, however it is written. Month and day begin with a zero: see
// leak_test.go.
func (p places) drawBirthDate() (day time.Time, s secret) {
	for {
		day = time.Date(1930+rand.IntN(60), time.Month(1+rand.IntN(9)), 1+rand.IntN(9), 0, 0, 0, 0, time.UTC)
		s = secret{what: "birth date", texts: []string{day.Format(time.DateOnly), day.Format("02.01.2006"),
			day.Format("2.1.2006")}}
		for _, layout := range []string{"20060102", "01022006", "010206", "02012006", "020106"} {
			s.digits = append(s.digits, day.Format(layout))
		}
		ambiguous := day.Day() == int(day.Month()) // the same in whatever order it is keyed
		if !ambiguous && len(p.leaks(s)) == 0 {
			return day, s
		}
	}
}

// drawTOTP draws an authenticator whose code begins with a zero for the next half minute, and is nowhere yet.
func (p places) drawTOTP(t testing.TB) (key, code string, s secret) {
	t.Helper()
	for {
		k, err := totp.Generate(totp.GenerateOpts{Issuer: "Rehearsal", AccountName: "canary"})
		require.NoError(t, err)
		code, err = totp.GenerateCode(k.Secret(), time.Now().Add(15*time.Second))
		require.NoError(t, err)
		if code[0] != '0' || len(p.find(code)) > 0 {
			continue
		}
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(k.Secret())
		require.NoError(t, err)
		return k.Secret(), code, secret{what: "TOTP", digits: []string{code}, texts: append(encodings(raw), k.Secret())}
	}
}

// encodings are how bytes could be written.
func encodings(raw []byte) []string {
	return []string{string(raw), base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
		hex.EncodeToString(raw)}
}

// tokenSecret is the parts of a token that differ from token to token, and half of its signature.
func tokenSecret(token string) secret {
	parts := strings.Split(token, ".")
	return secret{what: "token", texts: []string{parts[1], parts[2], parts[2][:43]}}
}

// withoutKeyFiles leaves out where the pepper and the tokens' key belong.
func (p places) withoutKeyFiles() places {
	rest := maps.Clone(p)
	maps.DeleteFunc(rest, func(name string, _ []byte) bool {
		return strings.HasSuffix(name, "data/pepper") || strings.HasSuffix(name, "data/token.key")
	})
	return rest
}

// withoutCustomers is what the service writes and says, but for its customers.
func (p places) withoutCustomers() places {
	rest := maps.Clone(p)
	maps.DeleteFunc(rest, func(name string, _ []byte) bool {
		service := strings.Contains(name, "data/") || strings.Contains(name, "service/") ||
			strings.HasPrefix(name, "NATS message") || strings.HasPrefix(name, "HTTP answer")
		return !service || strings.Contains(name, "data/directory.db")
	})
	return rest
}
