package staff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/provider"
	"countersign/web/provider/providertest"
	"countersign/web/staff"
)

// The claims of Ada, a team lead.
func ada() map[string]any {
	return map[string]any{
		"sub": "248289761001", "name": "Ada Lovelace", "email": "Ada@example.com", "email_verified": true,
		"locale": "de-DE", "groups": []string{"telephone", "team-leads"},
	}
}

// withProvider are screens with an identity provider, and its browsers.
func withProvider(t *testing.T, changes ...func(*provider.Settings)) (*office, *providertest.Provider) {
	t.Helper()
	var at *providertest.Provider
	o := newOffice(t, func(s *staff.Options) {
		at = providertest.New(t, s.Now)
		at.Callback, at.Claims = "https://screens.example"+staff.CallbackPath, ada()
		settings := provider.DefaultSettings()
		settings.Issuer, settings.ClientID, settings.ClientSecret = at.URL, providertest.ClientID, providertest.Secret
		settings.Name = "Example Login"
		settings.Roles = map[string][]access.Role{
			"telephone": {access.Agent}, "team-leads": {access.Agent, access.Supervisor}, "it": {access.Admin},
		}
		for _, change := range changes {
			change(&settings)
		}
		require.Empty(t, settings.Check())
		s.Provider = provider.New(settings, at.Callback, s.Now)
	})
	return o, at
}

// sent is where a browser is sent to that wants to sign in.
func (b *browser) sent(next string) (address string) {
	b.o.t.Helper()
	got := b.get("/sign-in/oidc?next=" + url.QueryEscape(next))
	require.Equal(b.o.t, http.StatusSeeOther, got.status, got.text)
	return got.header.Get("Location")
}

func (b *browser) back(query url.Values) reply {
	b.o.t.Helper()
	return b.get(staff.CallbackPath + "?" + query.Encode())
}

func TestSomebodySignsInAtTheProvider(t *testing.T) {
	t.Parallel()
	o, at := withProvider(t)
	b := o.browser()
	assert.Contains(t, b.get("/sign-in").text, "Sign in with Example Login")
	got := b.back(at.SignIn(b.sent("/reports?period=yesterday")))
	require.Equal(t, http.StatusSeeOther, got.status, got.text)
	assert.Equal(t, "/reports?period=yesterday", got.header.Get("Location"))
	assert.Equal(t, http.StatusOK, b.get("/board").status)
	assert.Equal(t, http.StatusForbidden, b.get("/people").status)
	p, err := o.book.Get(t.Context(), "ada@example.com")
	require.NoError(t, err)
	assert.Equal(t, "Ada Lovelace", p.Name)
	assert.Equal(t, []access.Role{access.Agent, access.Supervisor}, p.Roles)
	assert.Equal(t, "de", p.Language)
	assert.Equal(t, "active", p.State())
	require.Len(t, o.audited, 2)
	assert.Equal(t, audit.PersonAdded, o.audited[0].Action)
	assert.Equal(t, audit.SignedIn, o.audited[1].Action)
	assert.Contains(t, o.audited[1].Detail, "Example Login")

	at.Claims["groups"], at.Claims["email"], at.Claims["name"] = []string{"it"}, "lovelace@example.com", "Ada King"
	b = o.browser()
	b.back(at.SignIn(b.sent("")))
	assert.Equal(t, http.StatusOK, b.get("/people").status)
	all, err := o.book.All(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1, "the same subject is the same person, whatever the address")
	assert.Equal(t, "Ada King", all[0].Name)
	assert.Equal(t, "ada@example.com", all[0].ID)
}

func TestLocalAccountsGoOnAndAreLinkedByCheckedAddressesOnly(t *testing.T) {
	t.Parallel()
	var err error
	o, at := withProvider(t)
	asAgent := func(p *people.Person) { p.Roles = []access.Role{access.Agent} }
	o.hire("ada@example.com", asAgent)
	o.hire("agent")
	assert.Equal(t, http.StatusOK, o.as("agent").get("/desk").status)

	at.Claims["email_verified"] = false
	b := o.browser()
	b.back(at.SignIn(b.sent("")))
	text := b.get("/me").text
	assert.NotContains(t, text, "ada@example.com")
	assert.Contains(t, text, "sso-")

	at.Claims["sub"], at.Claims["email_verified"] = "another", "true"
	b = o.browser()
	b.back(at.SignIn(b.sent("")))
	assert.Contains(t, b.get("/me").text, "ada@example.com")
	got := o.browser().post("/sign-in", "id", "ada@example.com", "password", password)
	assert.Equal(t, http.StatusForbidden, got.status, "who has to leave there must have no other way in")
	assert.Contains(t, got.text, "Sign in with Example Login")
	o.pages.Passkeys, err = people.NewPasskeys(o.book, "https://screens.example.com")
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.url+"/me/passkeys/begin", strings.NewReader("{}"))
	require.NoError(t, err)
	begun, err := b.client.Do(r)
	require.NoError(t, err)
	require.NoError(t, begun.Body.Close())
	assert.Equal(t, http.StatusForbidden, begun.StatusCode)
	invitation, _, err := o.book.Invite(t.Context(), "ada@example.com")
	require.NoError(t, err)
	assert.Equal(t, http.StatusForbidden, o.browser().get("/join/"+invitation).status)
	assert.Equal(t, http.StatusForbidden, o.browser().post("/join/"+invitation, "password", password, "again", password).status)

	at.Claims["sub"] = "somebody who got the address later"
	b = o.browser()
	b.back(at.SignIn(b.sent("")))
	assert.NotContains(t, b.get("/me").text, "ada@example.com", "the account stays with whom it was bound to")
	assert.Contains(t, b.get("/me").text, "sso-")
}

func TestSomebodyWithoutARoleIsToldSo(t *testing.T) {
	t.Parallel()
	o, at := withProvider(t)
	at.Claims["groups"] = []string{"canteen"}
	b := o.browser()
	got := b.back(at.SignIn(b.sent("")))
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.text, "Ada Lovelace, you are known here as ada@example.com and have no role yet.")
	assert.Equal(t, http.StatusSeeOther, b.get("/me").status, "not signed in")
	p, err := o.book.Get(t.Context(), "ada@example.com")
	require.NoError(t, err, "an admin can see who it was")
	assert.Empty(t, p.Roles)
}

func TestWithoutRolesInTheSettingsAnAdminGivesThem(t *testing.T) {
	t.Parallel()
	o, at := withProvider(t, func(s *provider.Settings) { s.Roles = nil })
	b := o.browser()
	assert.Equal(t, http.StatusForbidden, b.back(at.SignIn(b.sent(""))).status)
	o.hire("admin")
	admin := o.as("admin")
	require.Equal(t, http.StatusSeeOther, admin.post("/people/ada@example.com", "name", "Ada", "role_business", "1").status)
	assert.Equal(t, http.StatusSeeOther, b.back(at.SignIn(b.sent(""))).status)
	assert.Equal(t, http.StatusOK, b.get("/board").status)
	admin.post("/people/ada@example.com", "name", "Ada", "role_business", "1", "disabled", "1")
	assert.Equal(t, http.StatusSeeOther, b.get("/board").status, "signed out")
	got := b.back(at.SignIn(b.sent("")))
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Contains(t, got.text, "disabled")
}

func TestTheLastAdminStaysOneWhateverTheGroupsSay(t *testing.T) {
	t.Parallel()
	o, at := withProvider(t)
	o.hire("ada@example.com", func(p *people.Person) { p.Roles = []access.Role{access.Admin} })
	b := o.browser()
	assert.Equal(t, http.StatusSeeOther, b.back(at.SignIn(b.sent(""))).status)
	assert.Equal(t, http.StatusOK, b.get("/people").status)
}

func TestGroupsGiveLinesAndNoneGivesNone(t *testing.T) {
	t.Parallel()
	o, at := withProvider(t, func(s *provider.Settings) {
		s.Lines = map[string][]string{"retail-desk": {"retail", "cards"}, "it": {"*"}}
	})
	sees := func(groups ...string) access.Who {
		at.Claims["groups"] = append(groups, "team-leads")
		b := o.browser()
		require.Equal(t, http.StatusSeeOther, b.back(at.SignIn(b.sent(""))).status)
		p, err := o.book.Get(t.Context(), "ada@example.com")
		require.NoError(t, err)
		return p.Who()
	}
	who := sees("retail-desk")
	assert.True(t, who.Sees("retail") && who.Sees("cards"))
	assert.False(t, who.Sees("orders"))
	assert.False(t, sees().Sees("retail"), "in none of the groups")
	assert.True(t, sees("it", "retail-desk").Sees("orders"))
}

func TestGroupsAndAddressMayBeInTheUserinfo(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]string{"the same": "248289761001", "somebody else": "1"} {
		o, at := withProvider(t)
		for _, claim := range []string{"groups", "email", "email_verified"} {
			delete(at.Claims, claim)
		}
		at.UserInfo = map[string]any{"sub": of, "email": "ada@example.com", "email_verified": true, "groups": "telephone"}
		b := o.browser()
		got := b.back(at.SignIn(b.sent("")))
		if name == "the same" {
			assert.Equal(t, http.StatusSeeOther, got.status)
			assert.Contains(t, b.get("/me").text, "ada@example.com")
			continue
		}
		assert.Equal(t, http.StatusForbidden, got.status)
		assert.Contains(t, o.log.String(), "userinfo is of somebody else")
	}
}

// Every mix-up is refused and logged, and nobody is signed in or made.
func TestMixUpsAtTheProviderAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		provider func(at *providertest.Provider)
		query    func(q url.Values)
		logged   string
	}{
		"another issuer in the token": {
			provider: func(at *providertest.Provider) {
				at.Change = func(c jwt.MapClaims) { c["iss"] = "https://evil.example" }
			}, logged: "issued by a different provider",
		},
		"another audience": {
			provider: func(at *providertest.Provider) { at.Change = func(c jwt.MapClaims) { c["aud"] = "crm" } },
			logged:   "expected audience",
		},
		"two audiences, of which the other asked": {
			provider: func(at *providertest.Provider) {
				at.Change = func(c jwt.MapClaims) { c["aud"], c["azp"] = []string{"countersign", "crm"}, "crm" }
			}, logged: "issued to",
		},
		"two audiences, and nobody knows which asked": {
			provider: func(at *providertest.Provider) {
				at.Change = func(c jwt.MapClaims) { c["aud"] = []string{"countersign", "crm"} }
			}, logged: "issued to",
		},
		"another nonce": {
			provider: func(at *providertest.Provider) { at.Change = func(c jwt.MapClaims) { c["nonce"] = "stolen" } },
			logged:   "nonce",
		},
		"no nonce": {
			provider: func(at *providertest.Provider) { at.Change = func(c jwt.MapClaims) { delete(c, "nonce") } },
			logged:   "nonce",
		},
		"an expired token": {
			provider: func(at *providertest.Provider) {
				at.Change = func(c jwt.MapClaims) { c["exp"] = at.Now().Add(-time.Second).Unix() }
			}, logged: "expired",
		},
		"no subject": {
			provider: func(at *providertest.Provider) { at.Change = func(c jwt.MapClaims) { c["sub"] = "" } },
			logged:   "no subject",
		},
		"a token that another provider has signed": {
			provider: func(at *providertest.Provider) { at.SignedBy = providertest.New(t, at.Now) },
			logged:   "failed to verify",
		},
		"an answer in the name of another provider": {
			provider: func(at *providertest.Provider) { at.SaysIssuer, at.IssuerSaid = true, "https://evil.example" },
			logged:   "https://evil.example",
		},
		"an answer of a provider that names itself, without a name": {
			provider: func(at *providertest.Provider) { at.SaysIssuer = true },
			query:    func(q url.Values) { q.Del("iss") }, logged: "the answer is of the provider",
		},
		"another state":  {query: func(q url.Values) { q.Set("state", "stolen") }, logged: "no sign-in with this state"},
		"no state":       {query: func(q url.Values) { q.Del("state") }, logged: "no sign-in with this state"},
		"another code":   {query: func(q url.Values) { q.Set("code", "stolen") }, logged: "invalid_grant"},
		"no code":        {query: func(q url.Values) { q.Del("code") }, logged: "invalid_grant"},
		"it was refused": {query: func(q url.Values) { q.Set("error", "access_denied") }, logged: "access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, at := withProvider(t)
			if c.provider != nil {
				c.provider(at)
			}
			b := o.browser()
			query := at.SignIn(b.sent(""))
			if c.query != nil {
				c.query(query)
			}
			got := b.back(query)
			assert.Equal(t, http.StatusForbidden, got.status)
			assert.Contains(t, got.text, "The sign-in with Example Login did not work.")
			assert.Equal(t, http.StatusSeeOther, b.get("/me").status, "not signed in")
			all, err := o.book.All(t.Context())
			require.NoError(t, err)
			assert.Empty(t, all)
			assert.Contains(t, o.log.String(), c.logged)
			assert.NotContains(t, o.log.String(), "not for a log")
			assert.NotContains(t, o.log.String(), providertest.Secret)
		})
	}
}

func TestAnAnswerCountsOnceInTheBrowserThatAskedAndInTime(t *testing.T) {
	t.Parallel()
	o, at := withProvider(t)
	b := o.browser()
	query := at.SignIn(b.sent(""))
	stranger := o.browser()
	stranger.sent("")
	assert.Equal(t, http.StatusForbidden, stranger.back(query).status, "begun in another browser")
	assert.Equal(t, http.StatusForbidden, o.browser().back(query).status, "a browser that began nothing")
	require.Equal(t, http.StatusSeeOther, b.back(query).status)
	b.post("/sign-out")
	assert.Equal(t, http.StatusForbidden, b.back(query).status, "used")

	first, second := b.sent("/calls"), b.sent("/board")
	got := b.back(at.SignIn(first))
	assert.Equal(t, "/calls", got.header.Get("Location"), "of two tabs either may come first")
	got = b.back(at.SignIn(second))
	assert.Equal(t, "/desk", got.header.Get("Location"), "signed in already")

	b = o.browser()
	query = at.SignIn(b.sent(""))
	o.later(10 * time.Minute)
	assert.Equal(t, http.StatusForbidden, b.back(query).status, "too late")

	b = o.browser()
	sent := b.sent("//evil.example")
	got = b.back(at.SignIn(sent))
	assert.Equal(t, "/desk", got.header.Get("Location"), "nobody is sent to another site")
	address, err := url.Parse(sent)
	require.NoError(t, err)
	assert.Equal(t, "openid profile email", address.Query().Get("scope"))
}

func TestAProviderThatIsAwayIsAskedAgain(t *testing.T) {
	t.Parallel()
	var at *providertest.Provider
	o := newOffice(t, func(s *staff.Options) {
		at = providertest.New(t, s.Now)
		settings := provider.DefaultSettings()
		settings.Issuer, settings.ClientID = at.URL+"/realm", "countersign"
		s.Provider = provider.New(settings, "https://screens.example"+staff.CallbackPath, s.Now)
	})
	got := o.browser().get("/sign-in/oidc")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Contains(t, got.text, "127.0.0.1 cannot be reached now.")
	assert.Contains(t, o.log.String(), "identity provider not reached")
	assert.NotContains(t, newOffice(t).browser().get("/sign-in").text, "/sign-in/oidc")
	assert.Equal(t, http.StatusNotFound, newOffice(t).browser().get("/sign-in/oidc").status)
}

func TestOnlySoManySignInsBeginAtOnce(t *testing.T) {
	t.Parallel()
	o, _ := withProvider(t)
	refused := 0
	for range 400 {
		if o.browser().get("/sign-in/oidc").status == http.StatusTooManyRequests {
			refused++
		}
	}
	assert.Positive(t, refused)
	o.hire("agent")
	assert.Equal(t, http.StatusOK, o.as("agent").get("/desk").status, "passwords are not held up")
	assert.False(t, strings.Contains(o.log.String(), "panic"))
}
