package guard_test

import (
	"testing"
	"time"

	"countersign/session"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func bySMS(customer, number string) session.Sending {
	return session.Sending{Customer: customer, Way: event.WaySMS, To: number}
}

// Three ways share the limit of one: whatever the mixture, a customer gets no more codes than by SMS alone.
func TestTheWaysOfACustomerShareOneLimit(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	ways := []session.Sending{
		bySMS("C-1", "+49301234567"), {Customer: "C-1", Way: event.WayCall, To: "+49307654321"},
		{Customer: "C-1", Way: event.WayEmail, To: "ada@example.org"}, bySMS("C-1", "+49301111111"),
	}
	began := c.Now()
	var sent []time.Duration
	for n := 0; c.Now().Before(began.Add(23 * time.Hour)); n++ {
		ok, again := nodes[n%2].MaySend(t.Context(), ways[n%len(ways)])
		if ok {
			sent = append(sent, c.Now().Sub(began))
		}
		require.True(t, again.After(c.Now()))
		c.set(again)
	}
	m := time.Minute
	assert.Equal(t, []time.Duration{
		0, m / 2, m, 10 * m, 10*m + m/2, 11 * m, 20 * m, 20*m + m/2, 21 * m, 30 * m,
	}, sent, "10 a day, 3 in 10 minutes, 30 s apart")
}

func TestADestinationIsLimitedWhoeverGetsTheCode(t *testing.T) {
	t.Parallel()
	for _, way := range []session.Sending{
		{Way: event.WaySMS, To: "+49301234567"}, {Way: event.WayCall, To: "+49301234567"},
		{Way: event.WayEmail, To: "ada@example.org"},
	} {
		c := newClock()
		nodes := twoNodes(t, c)
		for i, customer := range []string{"C-1", "C-2", "C-3"} {
			way.Customer = customer
			ok, _ := nodes[i%2].MaySend(t.Context(), way)
			assert.True(t, ok, "%s %s", way.Way, customer)
			c.pass(time.Minute)
		}
		way.Customer = "C-4"
		ok, again := nodes[0].MaySend(t.Context(), way)
		assert.False(t, ok, way.Way)
		assert.Equal(t, c.Now().Add(7*time.Minute), again)
		way.To = "another"
		ok, _ = nodes[1].MaySend(t.Context(), way)
		assert.True(t, ok, "%s: what the destination refused does not count for the customer", way.Way)
	}
	c := newClock()
	nodes := twoNodes(t, c)
	ok, _ := nodes[0].MaySend(t.Context(), session.Sending{Customer: "C-1", Way: event.WayEmail, To: "Ada@Example.org"})
	assert.True(t, ok)
	ok, _ = nodes[0].MaySend(t.Context(), session.Sending{Customer: "C-2", Way: event.WayEmail, To: "ada@example.org"})
	assert.False(t, ok, "one mailbox, however it is written")
}

func TestWhatWasNotSentDoesNotCount(t *testing.T) {
	t.Parallel()
	c := newClock()
	nodes := twoNodes(t, c)
	sms, mail := bySMS("C-1", "+49301234567"), session.Sending{Customer: "C-1", Way: event.WayEmail, To: "ada@example.org"}
	for i := range 5 {
		ok, _ := nodes[i%2].MaySend(t.Context(), sms)
		assert.True(t, ok)
		nodes[i%2].NotSent(t.Context(), sms)
	}
	ok, _ := nodes[0].MaySend(t.Context(), mail)
	assert.True(t, ok, "another way follows at once")
}

func TestACodeThatReplacesALostOneNeedNotWaitButCounts(t *testing.T) {
	t.Parallel()
	c := newClock()
	g := twoNodes(t, c)[0]
	sms, mail := bySMS("C-1", "+49301234567"), session.Sending{Customer: "C-1", Way: event.WayEmail, To: "ada@example.org"}
	may := func(s session.Sending) bool {
		c.pass(time.Millisecond)
		ok, _ := g.MaySend(t.Context(), s)
		return ok
	}
	assert.True(t, may(sms))
	assert.False(t, may(mail), "30 s apart")
	mail.Replaces = true
	assert.True(t, may(mail))
	sms.Replaces = true
	assert.True(t, may(sms))
	assert.False(t, may(session.Sending{Customer: "C-1", Way: event.WayCall, To: "+49301234567", Replaces: true}),
		"the 4th")
}
