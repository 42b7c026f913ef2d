package staff_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

// exchange is a telephone system on which the agent answers, and the customer's telephone rings on.
type exchange struct{}

func (exchange) RingAgent(context.Context, string, string) error { return nil }

func (exchange) RingCustomer(ctx context.Context, _, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}
func (exchange) Exists(context.Context, string) (bool, bool, error) { return true, false, nil }
func (exchange) Kill(string)                                        {}

type open struct{}

func (open) Open(time.Time) bool { return true }

// desk are callbacks of an office.
type desk struct {
	book *callback.Book
	mu   sync.Mutex
	told []string
}

func withCallbacks(t *testing.T, d *desk) func(*staff.Options) {
	return func(o *staff.Options) {
		d.book = callback.New(callback.Options{
			Store:    shared.NewMemory(),
			Windows:  func() callback.Windows { return callback.Windows{Zone: time.UTC, Length: time.Hour, Hours: open{}} },
			Capacity: func() int { return 9 }, Countries: func() []string { return nil }, Ahead: 24 * time.Hour,
			Phones: func(context.Context, string) ([]session.Phone, error) {
				return []session.Phone{{E164: "+493012345678"}}, nil
			},
			Secret:  func(context.Context, string, session.Secret) (bool, error) { return false, nil },
			Publish: func(context.Context, event.Event) error { return nil },
			Changed: func(callback.Callback) { o.Live.TellDesks() },
			Now:     time.Now, Log: slog.New(slog.DiscardHandler),
		})
		d.book.Begin()
		d.book.CaughtUp()
		dialler := callback.NewDialler(callback.DiallerOptions{
			Book: d.book, Switch: exchange{}, Process: "p", Node: "n", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); dialler.Run(ctx) }()
		t.Cleanup(func() { stop(); <-done })
		o.Callbacks = &staff.Callbacks{Book: d.book, Dialler: dialler, Tell: func(c callback.Callback, what string) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.told = append(d.told, what)
		}}
	}
}

// due books a callback of a line at once, and waits until agents may take it.
func (d *desk) due(t *testing.T, customer, line string) string {
	t.Helper()
	c, err := d.book.Create(t.Context(), callback.Request{
		Customer: customer, Line: line, Subject: "my order", Soon: true, Word: "Ananas77", By: event.ByCustomer,
		Level: session.Verified,
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := d.book.Get(c.ID)
		return err == nil && now.State == callback.Due
	}, 10*time.Second, 10*time.Millisecond)
	return c.ID
}

func TestTheFirstAgentWhoTakesACallbackSeesTheWord(t *testing.T) {
	t.Parallel()
	d := &desk{}
	o := newOffice(t, withCallbacks(t, d))
	for id, change := range map[string]func(*people.Person){
		"amara": func(p *people.Person) { p.Agents = []string{"1001"} },
		"ben":   func(p *people.Person) { p.Agents = []string{"1002"} },
		"cleo":  func(p *people.Person) { p.Agents, p.Lines = []string{"1003"}, []string{"orders"} },
		"dora":  func(*people.Person) {},
	} {
		o.hire(id, func(p *people.Person) { p.Roles = []access.Role{access.Agent}; p.Name = id + " Muster"; change(p) })
	}
	amara, ben, cleo, dora := o.as("amara"), o.as("ben"), o.as("cleo"), o.as("dora")
	id := d.due(t, "C-1", "retail")
	for name, b := range map[string]*browser{"amara": amara, "ben": ben} {
		page := b.get("/desk").text
		assert.Contains(t, page, "A customer is waiting to be called back", name)
		assert.Contains(t, page, "my order")
		assert.NotContains(t, page, "Ananas77")
	}
	assert.NotContains(t, cleo.get("/desk").text, "waiting to be called back", "another line's")
	assert.NotContains(t, dora.get("/desk").text, "waiting to be called back", "no telephone")
	assert.Equal(t, http.StatusForbidden, cleo.post("/desk/callbacks/"+id+"/take").status)
	assert.Equal(t, http.StatusForbidden, dora.post("/desk/callbacks/"+id+"/take").status)
	require.Equal(t, http.StatusSeeOther, amara.post("/desk/callbacks/"+id+"/take").status)
	assert.Equal(t, http.StatusConflict, ben.post("/desk/callbacks/"+id+"/take").status)
	page := amara.get("/desk").text
	assert.Contains(t, page, "Ananas77")
	assert.Contains(t, page, "Do not say the word yet")
	assert.Contains(t, page, "Proven on the customer&#39;s page when it was booked:")
	assert.NotContains(t, ben.get("/desk").text, "Ananas77")
	assert.Equal(t, http.StatusConflict, ben.post("/desk/callbacks/"+id+"/say", "talked", "yes").status)
	assert.NotContains(t, o.log.String(), "Ananas77")
}

func TestSupervisorsMoveAndCancelCallbacksOfTheirLines(t *testing.T) {
	t.Parallel()
	d := &desk{}
	o := newOffice(t, withCallbacks(t, d))
	o.hire("sue", func(p *people.Person) { p.Roles, p.Lines = []access.Role{access.Supervisor}, []string{"retail"} })
	id, other := d.due(t, "C-1", "retail"), d.due(t, "C-2", "orders")
	b := o.as("sue")
	page := b.get("/callbacks?move=" + id).text
	assert.Contains(t, page, "C-1")
	assert.NotContains(t, page, "C-2")
	assert.NotContains(t, page, "Ananas77")
	free, err := d.book.Free(t.Context(), "retail")
	require.NoError(t, err)
	to := free[1].From.UTC().Format(time.RFC3339)
	assert.Contains(t, page, to)
	require.Equal(t, http.StatusSeeOther, b.post("/callbacks/"+id, "what", "move", "from", to).status)
	moved, err := d.book.Get(id)
	require.NoError(t, err)
	assert.Equal(t, to, moved.From.Format(time.RFC3339))
	assert.Equal(t, http.StatusNotFound, b.post("/callbacks/"+other, "what", "cancel").status)
	require.Equal(t, http.StatusSeeOther, b.post("/callbacks/"+id, "what", "cancel").status)
	assert.Equal(t, http.StatusConflict, b.post("/callbacks/"+id, "what", "cancel").status)
	assert.Contains(t, b.get("/callbacks").text, "cancelled")
	d.mu.Lock()
	defer d.mu.Unlock()
	assert.Equal(t, []string{"moved", "cancelled"}, d.told)
}

func TestAnAgentBooksACallbackForTheCallerToWhomTheyTalk(t *testing.T) {
	t.Parallel()
	d := &desk{}
	o := newOffice(t, withCallbacks(t, d))
	o.hire("amara", func(p *people.Person) { p.Roles, p.Agents = []access.Role{access.Agent}, []string{"1001"} })
	o.hire("ben", func(p *people.Person) { p.Roles, p.Agents = []access.Role{access.Agent}, []string{"1002"} })
	o.happened("call-1", "retail", append(verifiedCall(), offered("1001"), connected("1001"))...)
	amara, ben := o.as("amara"), o.as("ben")
	assert.Contains(t, amara.get("/desk").text, "Book a callback")
	form := amara.get("/desk/calls/call-1/callback")
	require.Equal(t, http.StatusOK, form.status)
	free, err := d.book.Free(t.Context(), "retail")
	require.NoError(t, err)
	from := free[1].From.UTC().Format(time.RFC3339)
	require.Contains(t, form.text, from)
	assert.Equal(t, http.StatusNotFound, ben.get("/desk/calls/call-1/callback").status)
	assert.Equal(t, http.StatusNotFound, ben.post("/desk/calls/call-1/callback", "from", from).status)
	assert.Equal(t, http.StatusUnprocessableEntity, amara.post("/desk/calls/call-1/callback", "from", from, "word", "x").status)
	require.Equal(t, http.StatusSeeOther, amara.post("/desk/calls/call-1/callback", "from", from, "word", "Ananas77", "subject", "card").status)
	all := d.book.Select(func(*callback.Callback) bool { return true })
	require.Len(t, all, 1)
	assert.Equal(t, event.ByStaff, all[0].By)
	assert.Equal(t, "amara", all[0].Who)
	assert.Equal(t, "card", all[0].Subject)
	assert.NotContains(t, o.log.String(), "Ananas77")
}
