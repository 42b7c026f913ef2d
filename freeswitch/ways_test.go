package freeswitch_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handingOver is a line that sends a token on with its calls.
const handingOver = `format: 1
line: handing-over
numbers: ["5400"]
identify:
  - ani: {}
verify:
  questions:
    - pin: {}
send_token: true
routes:
  verified: menu XML default
  identified: agents XML default
`

// theBank's customers, each for one test, and one more whom nobody knows the number of.
func theBank(secret string) (customers []customer) {
	for i, c := range []customer{
		{Name: "Tilde Otp", TOTP: secret}, {Name: "Sam Text"}, {Name: "Grete Deutsch", Language: "de"},
		{Name: "Ann Read-Back"}, {Name: "Tracy King", Tracking: "1234567897"},
		{Name: "Ursula Attested", Language: "de"}, {Name: "Rhea Membered"},
	} {
		c.ID, c.Phones, c.Account, c.PIN = fmt.Sprintf("B-%d", i), numberOf(125, i), fmt.Sprintf("30004%d", i), "482915"
		customers = append(customers, c)
	}
	return customers
}

// theOffice's customers are known by two facts about them.
func theOffice() (customers []customer) {
	for i, c := range []customer{{Name: "Eve Weak"}, {Name: "Half Known"}, {Name: "Karl Deutsch", Language: "de"}} {
		c.ID, c.Phones, c.BirthDate, c.Postcode = fmt.Sprintf("O-%d", i), numberOf(126, i), "1947-03-12", "60313"
		customers = append(customers, c)
	}
	return customers
}

// theInsured have policies with the same keys, 22123412, but for the last, 22123453.
func theInsured() (customers []customer) {
	for i, c := range []customer{
		{Name: "Abe First", Policy: "AB-12341-B"}, {Name: "Cal Second", Policy: "CA-12341-C"},
		{Name: "Abby Alone", Policy: "AB-12345-3"},
	} {
		c.ID, c.Phones, c.PIN = fmt.Sprintf("P-%d", i), "+1212555018"+strconv.Itoa(i), "482915"
		customers = append(customers, c)
	}
	return customers
}

// weekday is a day of the week in the words of a line's hours.
func weekday(at time.Time) string { return at.UTC().Weekday().String()[:2] }

// ways is a bank, an office and a line that sends tokens on, and what their customers need.
type ways struct {
	*site
	bank, office, insured []customer
	catcher               *catcher
}

func startWays(t *testing.T) *ways {
	t.Helper()
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Rehearsal", AccountName: "B-0"})
	require.NoError(t, err)
	w := &ways{bank: theBank(key.Secret()), office: theOffice(), insured: theInsured(), catcher: startCatcher(t)}
	open := openOffice(t)
	closed := changed(t, open, "line: office", "line: closed-office", `"5300"`, `"5301"`,
		"Mo-Su 00:00-24:00", weekday(time.Now().AddDate(0, 0, 3))+" 08:00-12:00")
	w.site = startSiteOn(t, serviceOptions{
		Customers: slices.Concat(everybody(), w.bank, w.office, w.insured), Settings: w.catcher.Settings,
		Lines: []string{exampleLine(t, "bank"), open, closed, handingOver, exampleLine(t, "insurance")},
	}, options{Files: lineDialplan})
	return w
}

// TestEveryWayToIdentifyAndVerify uses each way once that the built-in line and smartflows.yaml do not have, on lines
// that we show to people.
func TestEveryWayToIdentifyAndVerify(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	w := startWays(t)
	inParallel(t,
		scenario{"two weak facts are enough together", w.twoWeakFactsAreEnough},
		scenario{"one weak fact is not", w.oneWeakFactIsNot},
		scenario{"a German date of birth, asked for in German", w.aGermanDateOfBirth},
		scenario{"an office that is closed", w.aClosedOffice},
		scenario{"PIN and the authenticator's code, which counts once", w.pinAndAuthenticator},
		scenario{"PIN and a code by SMS, in English", w.pinAndSMSCode},
		scenario{"in German, chosen from the menu", w.inGerman},
		scenario{"an account number with a slip, corrected when it is read back", w.aSlipInTheAccount},
		scenario{"no account number at hand, but a number with a check digit", w.aCheckDigit},
		scenario{"a policy with letters", w.aPolicyWithLetters},
		scenario{"policies with the same keys, told apart by the telephone number", w.policiesWithTheSameKeys},
		scenario{"a number that the network vouches for", w.aVouchedNumber},
		scenario{"a number that the network says is not genuine, or vouches for in part", w.anUntrustedNumber},
		scenario{"a new telephone, remembered", w.aNewTelephone},
		scenario{"the same call coming back", w.theSameCallAgain},
		scenario{"a token from another channel", w.aTokenFromAnotherChannel},
		scenario{"a token for the next application", w.aTokenForTheNextApplication},
	)
}

// dials calls a line; the bank's first question is which language to speak.
func (w *ways) dials(t *testing.T, to, from string, headers ...string) *call {
	t.Helper()
	return callWithSIPp(t, w.freeSWITCH, dial{To: to, From: from, Headers: headers})
}

// isAt waits until a call is at an extension, hangs up, and checks what the call carries.
func (w *ways) isAt(t *testing.T, c *call, extension string, want result) journey {
	t.Helper()
	c.AwaitAt(t, "default", extension, saidWithin)
	r := c.Record(t)
	assert.Equal(t, want, r.result())
	for _, gone := range []string{
		"cs_token", "sip_h_X-Countersign-Token", "sensitive_dtmf", "socket_resume", "cs_digits", "read_terminator_used",
	} {
		assert.NotContains(t, r.Variables, gone)
	}
	assert.Equal(t, "none", r.Variables["digits_dialed"])
	return w.Events.Journey(t, c)
}

// keysAccountAndPIN answers the bank's first two questions.
func keysAccountAndPIN(t *testing.T, c *call, who customer) {
	t.Helper()
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press(who.Account)
	c.AwaitAsked(t, "read-back-confirm", 1, askedWithin)
	c.Press("1")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(who.PIN)
}

// languages are those of the prompts that were played.
func (c *call) languages() map[string]bool {
	spoken := map[string]bool{}
	for _, file := range c.files() {
		for _, language := range []string{"en", "de"} {
			if strings.Contains(file, "/prompts/"+language+"/") {
				spoken[language] = true
			}
		}
	}
	return spoken
}
