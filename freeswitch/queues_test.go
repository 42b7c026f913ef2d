package freeswitch_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	public "countersign/web/customer"
)

// Everybody sees how a queue of mod_callcenter is: nobody there, somebody free, callers who wait; and what became of them
// is learnt from.
func TestEverybodySeesAQueueAsItIs(t *testing.T) {
	t.Parallel()
	needSIPp(t)
	s := &agentsSite{freeSWITCH: startFreeSWITCH(t, options{
		Modules: []string{"mod_callcenter"}, Configuration: deskQueue, Directory: users,
		Files: map[string]string{"public/91_ways.xml": agentWays + telephones + extraDialplan["public/90_ways.xml"]},
	}), who: customer{
		ID: "A-1", Name: "Ada Lovelace", Phones: "+15551231000", Account: "200040", PIN: "246813",
	}}
	s.Set(t, "agents_at", s.SIP)
	s.service = startService(t, serviceOptions{
		Customers: []customer{s.who}, Line: identifyingLine, FreeSWITCH: s.freeSWITCH,
		Settings: "wallboard: {queues: {support: {title: {en: Support}, numbers: true}}}\n",
	})
	is := func(want string) {
		t.Helper()
		var said string
		require.True(t, await(agentsWithin, func() bool { said = s.queue(t); return said == want }), "%s, not %s", said, want)
	}
	is("nobody, 0 wait, 0 of 0 free")
	for _, command := range []string{
		"agent add ann callback", "agent set contact ann " + s.contact("answers-61"), "agent set status ann Available",
		"agent set no_answer_delay_time ann 60", "tier add support ann 1 1",
	} {
		require.Contains(t, s.API(t, "callcenter_config "+command), "+OK", command)
	}
	is("free, 0 wait, 1 of 1 free")
	events := subscribe(t, s.service)
	first := s.sends(t, "queue-support")
	s.await(t, events, first, event.FactAgentConnected, 1)
	is("wait, 0 wait, 0 of 1 free")
	second := s.sends(t, "queue-support")
	is("wait, 1 wait, 0 of 1 free")
	first.HangUp()
	s.await(t, events, second, event.FactAgentConnected, 1)
	is("wait, 0 wait, 0 of 1 free")
	second.HangUp()
	require.Contains(t, s.API(t, "callcenter_config agent set status ann 'On Break'"), "+OK")
	is("nobody, 0 wait, 0 of 0 free")
	var q public.Queue
	require.True(t, await(agentsWithin, func() bool { q = s.queues(t)[0]; return q.Told == 2 }), "what both waited is learnt from")
	assert.Equal(t, 2, q.WaitedLess, "not minutes")
}

func (s *agentsSite) queues(t testing.TB) []public.Queue {
	t.Helper()
	r, err := http.Get("http://" + s.service.API + "/v1/queues")
	require.NoError(t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	var l public.List
	require.NoError(t, json.Unmarshal(b, &l), "%s", b)
	require.Len(t, l.Queues, 1)
	return l.Queues
}

func (s *agentsSite) queue(t testing.TB) string {
	t.Helper()
	q := s.queues(t)[0]
	if q.Numbers == nil {
		return string(q.State)
	}
	return fmt.Sprintf("%s, %d wait, %d of %d free", q.State, q.Numbers.Waiting, q.Numbers.Free, q.Numbers.OnDuty)
}
