package freeswitch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// paying is what the shipped extension "payments-decided" plays.
const paying = 880.0

// needDialplan has need-<port of the service>-<verified, or new>-<yes if it says where to go on, no, or example for the
// shipped one>.
var needDialplan = map[string]string{
	"public/91_need.xml": `
<extension name="need"><condition field="destination_number" expression="^need-([0-9]+)-([a-z]+)-([a-z]+)$">
<action application="set" data="countersign_socket=127.0.0.1:$1"/>
<action application="set" data="test_need=$2-$3"/>
<action application="transfer" data="transactions XML public"/>
</condition></extension>
<extension name="known"><condition field="${test_need}" expression="^verified-" break="never">
<action application="multiset" data="cs_call=earlier cs_status=verified cs_level=2 cs_reason=ok"/>
<action application="multiset" data="cs_methods=ani,pin cs_customer=C-1"/>
</condition>
<condition field="${test_need}" expression="-yes$" break="never">
<action application="set" data="cs_return=menu XML default"/></condition>
<condition field="${test_need}" expression="-example$" break="never">
<action application="transfer" data="payments XML default"/></condition>
<condition field="destination_number" expression="^transactions$">
<action application="set" data="cs_need_level=3"/>
<action application="transfer" data="stepup XML countersign"/>
</condition></extension>`,
}

// selfService is a dialplan that needs a higher level of its callers.
type selfService struct{ *freeSWITCH }

// TestSelfServiceAsksForMore has a dialplan send callers to Countersign for a higher level, as the guide says, and
// looks at where they go on.
func TestSelfServiceAsksForMore(t *testing.T) {
	t.Parallel()
	s := &selfService{startFreeSWITCH(t, options{
		Variables: map[string]string{"countersign_deadman": fmt.Sprint(int(deadMan.Seconds()))}, Files: needDialplan,
	})}
	inParallel(t,
		scenario{"and gets it", s.getsIt},
		scenario{"with the shipped example, while Countersign is away", s.exampleAway},
		scenario{"while Countersign is away", s.away},
		scenario{"while Countersign crashes", s.crashes},
		scenario{"while Countersign hangs", s.hangs},
		scenario{"without a place to go on, while Countersign is away", s.nowhereToGo},
		scenario{"of somebody who was never verified, while Countersign is away", s.neverVerified},
	)
	for level, leadsTo := range map[string]float64{"3": paying, "2": ringing} {
		inParallel(t, scenario{"with the shipped example, and comes to level " + level, func(t *testing.T) {
			s.comesTo(t, level, leadsTo)
		}})
	}
}

func (s *selfService) dials(t *testing.T, port int, status, back string) *call {
	t.Helper()
	return callWithSIPp(t, s.freeSWITCH, dial{To: fmt.Sprintf("need-%d-%s-%s", port, status, back)})
}

// goesOn is where a call has to be afterwards, and what it carries.
func (s *selfService) goesOn(t *testing.T, c *call, extension string, want result) {
	t.Helper()
	c.AwaitAt(t, "default", extension, deadMan+atOnce)
	c.Hears(t, map[string]float64{"menu": chiming, "agents": ringing}[extension], heardWithin)
	r := c.Record(t)
	assert.Equal(t, want, r.result())
	for _, gone := range []string{"cs_need_level", "cs_return", "socket_resume", "sensitive_dtmf"} {
		assert.NotContains(t, r.Variables, gone)
	}
}

func (s *selfService) getsIt(t *testing.T) {
	frames := append(asks(5*time.Second), handsOn("menu XML default", "verified", "3", "ok")...)
	c := s.dials(t, listenAndSay(t, frames...).port(t), "verified", "yes")
	c.Hears(t, prompting, heardWithin)
	c.Press("2718")
	s.goesOn(t, c, "menu", level3)
}

func (s *selfService) comesTo(t *testing.T, level string, leadsTo float64) {
	service := listenAndSay(t, append(asks(5*time.Second),
		handsOn("payments-decided XML default", "verified", level, "ok")...)...)
	c := s.dials(t, service.port(t), "verified", "example")
	c.Hears(t, prompting, heardWithin)
	c.Press("2718")
	c.Hears(t, leadsTo, heardWithin)
	r := c.Record(t)
	assert.Equal(t, 1, r.Ran("multiset", "^^|cs_need_level=3|cs_return=payments-decided XML default"))
	assert.Equal(t, level, r.Variables["cs_level"])
}

func (s *selfService) exampleAway(t *testing.T) {
	c := s.dials(t, freePort(t), "verified", "example")
	c.AwaitAt(t, "default", "payments-decided", atOnce)
	s.goesOn(t, c, "agents", stillLevel2("unavailable"))
}

func (s *selfService) away(t *testing.T) {
	s.goesOn(t, s.dials(t, freePort(t), "verified", "yes"), "menu", stillLevel2("unavailable"))
}

func (s *selfService) crashes(t *testing.T) {
	service := listenAndSay(t, asks(30*time.Second)...)
	c := s.dials(t, service.port(t), "verified", "yes")
	c.Hears(t, prompting, heardWithin)
	c.Press("27")
	service.HangUpOnAll()
	s.goesOn(t, c, "menu", stillLevel2("unavailable"))
}

func (s *selfService) hangs(t *testing.T) {
	c := s.dials(t, listenAndSay(t, asks(30*time.Second)...).port(t), "verified", "yes")
	s.goesOn(t, c, "menu", stillLevel2("unavailable"))
}

func (s *selfService) nowhereToGo(t *testing.T) {
	s.goesOn(t, s.dials(t, freePort(t), "verified", "no"), "agents", stillLevel2("unavailable"))
}

func (s *selfService) neverVerified(t *testing.T) {
	s.goesOn(t, s.dials(t, freePort(t), "new", "yes"), "menu", unavailable)
}
