package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/internal/timezones"
	"countersign/lines"
	"countersign/ops/demo"
	"countersign/reports/reportsdb"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/session/shared"
	"countersign/session/token"
	"countersign/store/audit"
	"countersign/store/journal"
	"countersign/web/access"
	"countersign/web/people"
)

// weekOld are the ages of calls or audit entries at the beginning: one every six hours, so that some expire each day.
func weekOld(limit time.Duration) (ages []time.Duration) {
	for age := limit + 2*day; age > limit-9*day; age -= 6 * time.Hour {
		ages = append(ages, age+17*time.Minute)
	}
	return ages
}

// fill leaves what the machine has of the years before.
func (w *week) fill() {
	t, ctx := w.t, w.t.Context()
	keep := defaults().Retention
	var err error
	w.journal, err = journal.Open(ctx, w.file("journal.db"), journal.Options{})
	require.NoError(t, err)
	w.reports, err = reportsdb.Open(ctx, w.file("reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	for _, age := range weekOld(time.Duration(keep.Totals)) {
		w.counted(w.begin.Add(-age))
	}
	for _, age := range weekOld(time.Duration(keep.Journal)) {
		w.call(w.begin.Add(-age))
	}
	w.call(w.begin.Add(-time.Hour)) // or the clock would be doubted
	require.NoError(t, w.reports.Close())
	require.NoError(t, w.journal.Close(ctx))
	at := time.Time{}
	log, err := audit.Open(ctx, w.file("audit.db"), audit.Options{Now: func() time.Time { return at }})
	require.NoError(t, err)
	for _, age := range weekOld(time.Duration(keep.Audit)) {
		at = w.begin.Add(-age)
		_, err := log.Append(ctx, audit.Entry{Actor: "somebody", Action: audit.Exported, Object: "customers"})
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
}

// call is a call that ends at a time: in the journal, in the stream and counted.
func (w *week) call(ended time.Time) {
	events := w.counted(ended)
	w.called = append(w.called, ended)
	require.NoError(w.t, w.journal.Append(events...))
	require.NoError(w.t, w.journal.Sync(w.t.Context()))
	require.NoError(w.t, w.journal.Published(w.t.Context(), math.MaxInt64))
	w.stream.mu.Lock()
	defer w.stream.mu.Unlock()
	for _, e := range events {
		w.stream.times = append(w.stream.times, e.Time)
	}
}

// counted is a call that is in the reports alone.
func (w *week) counted(ended time.Time) []event.Event {
	events := eventtest.Verified("call-"+fmt.Sprint(ended.Unix()), "C-"+fmt.Sprint(ended.Unix()), ended)
	_, err := w.reports.Apply(w.t.Context(), events)
	require.NoError(w.t, err)
	return events
}

// callsEveryHour has a call end five minutes past each hour at which the machine is on.
func (w *week) callsEveryHour() {
	for hour := range 7 * 24 {
		if hour < 3*24+12 || hour >= 3*24+15 {
			w.then(w.begin.Add(time.Duration(hour)*time.Hour+5*time.Minute), func() { w.call(time.Now()) })
		}
	}
}

// retention looks, each day, whether what has expired is gone, and nothing else is.
func (w *week) retention() {
	keep := defaults().Retention
	for d := range 7 {
		w.at(d, "20:00:01", func() {
			w.stream.mu.Lock()
			ran := w.stream.before.Add(time.Duration(keep.Journal)) // which removes what is this old since then
			left := slices.Clone(w.stream.times)
			w.stream.mu.Unlock()
			assert.WithinRange(w.t, ran, time.Now().Add(-time.Hour), time.Now())
			persons, audited := ran.Add(-time.Duration(keep.Journal)), ran.Add(-time.Duration(keep.Audit))
			firstDay := ran.Add(-time.Duration(keep.Totals)).Truncate(day) // sums are by days
			var calls, counted, named, entries []int64
			events := 0
			for _, at := range w.called {
				if !at.Before(persons) {
					calls, named = append(calls, at.Unix()), append(named, at.Unix())
					events += 3
				}
				counted = append(counted, at.Unix())
			}
			for _, age := range weekOld(time.Duration(keep.Totals)) {
				if at := w.begin.Add(-age); !at.Before(firstDay) {
					counted = append(counted, at.Unix())
				}
			}
			for _, age := range weekOld(time.Duration(keep.Audit)) {
				if at := w.begin.Add(-age); !at.Before(audited) {
					entries = append(entries, at.Unix())
				}
			}
			slices.Sort(counted)
			same := func(want []int64, file, query string) {
				assert.Equal(w.t, want, w.column(file, query), "day %d: %s: %s", d, file, query)
			}
			same(calls, "journal.db", "SELECT ended / 1000 FROM calls ORDER BY 1")
			same([]int64{int64(events)}, "journal.db", "SELECT count(*) FROM events")
			assert.Len(w.t, left, events, "events in the stream")
			same(counted, "reports.db", "SELECT ended / 1000 FROM calls ORDER BY 1")
			same(named, "reports.db", "SELECT ended / 1000 FROM calls WHERE customer IS NOT NULL ORDER BY 1")
			same(entries, "audit.db", "SELECT time / 1000 FROM entries WHERE actor = 'somebody' ORDER BY 1")
		})
	}
}

// column reads numbers of a database beside those who write to it.
func (w *week) column(file, query string) (all []int64) {
	db, err := sql.Open("sqlite3", "file:"+w.file(file)+"?mode=ro&_busy_timeout=5000")
	require.NoError(w.t, err)
	defer db.Close()
	rows, err := db.QueryContext(w.t.Context(), query)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var n int64
		require.NoError(w.t, rows.Scan(&n))
		all = append(all, n)
	}
	require.NoError(w.t, rows.Err())
	return all
}

// locks has wrong PINs keyed as soon as each lock ends, until only a person can end it. One of the locks ends while the
// machine is off.
func (w *week) locks() {
	ctx := w.t.Context()
	pin := session.Attempt{
		Call: "call-1", Line: "retail", Customer: "C-locked", Caller: "+15550001111", Method: event.MethodPIN,
	}
	wrong := func(a session.Attempt) {
		assert.False(w.t, w.guard.Try(ctx, a).Locked, "%s at %s", a.Customer, time.Now())
		w.guard.Wrong(ctx, a)
	}
	const open = time.Duration(0)
	step := func(clock string, lock time.Duration) {
		w.at(3, clock, func() {
			wrong(pin)
			now := w.guard.Customer(ctx, pin.Customer)
			require.Equal(w.t, lock != open, now.Locked, clock)
			if lock > 0 {
				assert.Equal(w.t, time.Now().Add(lock).UTC(), now.Until.UTC(), clock)
				w.then(now.Until.Add(-time.Second), func() { assert.True(w.t, w.guard.Try(ctx, pin).Locked, "a second before") })
			}
		})
	}
	for i := range 4 {
		step(fmt.Sprintf("03:0%d", i), open)
	}
	step("03:15", 15*time.Minute)
	step("03:30", 30*time.Minute)
	step("04:00", time.Hour)
	step("05:00", 2*time.Hour)
	step("07:00", 4*time.Hour)
	step("11:00", -1)         // the tenth
	w.at(3, "14:31", func() { // after the restart
		assert.True(w.t, w.guard.Customer(ctx, pin.Customer).Locked)
		assert.Zero(w.t, w.guard.Customer(ctx, pin.Customer).Until)
	})
	w.at(6, "12:00", func() {
		assert.True(w.t, w.guard.Try(ctx, pin).Locked, "days do not open it")
		was, err := w.guard.Unlock(ctx, pin.Customer)
		require.NoError(w.t, err)
		assert.True(w.t, was)
		assert.False(w.t, w.guard.Customer(ctx, pin.Customer).Locked)
	})

	// The lock of this one, of four hours, ends while the machine is off.
	other := pin
	other.Customer = "C-while-off"
	for _, clock := range strings.Fields("00:00:01 00:00:02 00:00:03 00:00:04 00:00:05 00:16 00:47 01:48 09:00") {
		w.at(3, clock, func() { wrong(other) })
	}
	w.at(3, "11:59", func() { assert.True(w.t, w.guard.Customer(ctx, other.Customer).Locked) })
	w.at(3, "14:30:01", func() { assert.False(w.t, w.guard.Customer(ctx, other.Customer).Locked, "it ended at 13:00") })

	// Four a day never lock; the right PIN clears them.
	patient := pin
	patient.Customer = "C-patient"
	for d := range 2 {
		for i := range 4 {
			w.at(d, fmt.Sprintf("10:%d0", i), func() { wrong(patient) })
		}
		w.at(d, "10:31", func() { assert.False(w.t, w.guard.Customer(ctx, patient.Customer).Locked) })
	}
	w.at(2, "09:00", func() {
		a, err := w.guard.Attempts(ctx, patient.Customer)
		require.NoError(w.t, err)
		assert.Equal(w.t, 8, a.Failures)
		w.guard.Try(ctx, patient)
		w.guard.Right(ctx, patient)
		a, err = w.guard.Attempts(ctx, patient.Customer)
		require.NoError(w.t, err)
		assert.Zero(w.t, a.Failures)
	})
	// Four, and nobody ever calls again: see forgets.
	forgotten := pin
	forgotten.Customer = "C-forgotten"
	for i := range 4 {
		w.at(5, fmt.Sprintf("10:%d0", i), func() { wrong(forgotten) })
	}

	// A caller's number, after ten failed steps within an hour.
	const number = "+15550002222"
	for i := range 10 {
		w.at(1, fmt.Sprintf("08:0%d", i), func() { w.guard.StepFailed(ctx, number) })
	}
	w.at(1, "08:10", func() { assert.True(w.t, w.guard.Caller(ctx, number).Locked) })
	w.at(1, "08:59:59", func() { assert.True(w.t, w.guard.Caller(ctx, number).Locked) })
	w.at(1, "09:00:01", func() { assert.False(w.t, w.guard.Caller(ctx, number).Locked, "nine are that recent") })
}

// forgets lets a month pass after the week.
func (w *week) forgets() {
	ctx, last := w.t.Context(), w.moment(5, "10:30")
	time.Sleep(time.Until(last.Add(30*day - time.Second)))
	a, err := w.guard.Attempts(ctx, "C-forgotten")
	require.NoError(w.t, err)
	assert.Equal(w.t, 4, a.Failures)
	time.Sleep(2 * time.Second)
	a, err = w.guard.Attempts(ctx, "C-forgotten")
	require.NoError(w.t, err)
	assert.Zero(w.t, a.Failures)
}

// openCallbacks opens the book of callbacks, and reads what an earlier process wrote.
func (w *week) openCallbacks(log *slog.Logger) {
	hours, err := lines.ParseHours(w.zone.String(), "Mo-Su 00:00-24:00", nil)
	require.NoError(w.t, err)
	windows := callback.Windows{Zone: hours.Zone(), Length: 30 * time.Minute, Hours: hours}
	w.book = callback.New(callback.Options{
		Store: w.callbackStore, Windows: func() callback.Windows { return windows }, Capacity: func() int { return 4 },
		Countries: func() []string { return []string{"DE"} }, Ahead: 7 * day,
		Phones: func(context.Context, string) ([]session.Phone, error) {
			return []session.Phone{{E164: "+493023125001"}}, nil
		},
		Secret:  func(context.Context, string, session.Secret) (bool, error) { return false, nil },
		Publish: func(context.Context, event.Event) error { return nil }, Source: "/countersign/week",
		Rules: timezones.Version(), Now: time.Now, Log: log,
	})
	require.NoError(w.t, w.book.Read(w.t.Context()))
	w.dialler = callback.NewDialler(callback.DiallerOptions{
		Book: w.book, Switch: demo.NewExchange(), Process: fmt.Sprint("process ", time.Now().Unix()), Node: "week",
		Remind: func(context.Context, callback.Callback) {}, Now: time.Now, Log: log,
	})
}

// callbacks books one for ten in the morning of each day that an agent takes, and one that nobody takes.
func (w *week) callbacks(sundayNight []string) {
	ctx := w.t.Context()
	sunday := w.begin.AddDate(0, 0, 4).Format(time.DateOnly)
	free, err := w.book.Free(ctx, "retail")
	require.NoError(w.t, err)
	var night []string
	for _, f := range free {
		at := f.From.In(w.zone)
		if clock := at.Format("15:04"); at.Format(time.DateOnly) == sunday && clock >= "01:00" && clock < "03:30" {
			night = append(night, clock)
		}
	}
	assert.Equal(w.t, sundayNight, night)
	for d := range 7 {
		from := time.Date(w.begin.Year(), w.begin.Month(), w.begin.Day()+d, 10, 0, 0, 0, w.zone)
		book := func(customer string) string {
			c, err := w.book.Create(ctx, callback.Request{
				Customer: customer, Line: "retail", Subject: "my order", From: from, By: event.ByCustomer,
			})
			require.NoError(w.t, err)
			assert.Equal(w.t, 30*time.Minute, c.To.Sub(c.From))
			return c.ID
		}
		taken, missed := book(fmt.Sprint("C-taken-", d)), book(fmt.Sprint("C-missed-", d))
		state := func(at time.Time, id string, want callback.State, outcome event.CallbackOutcome) {
			w.then(at, func() {
				c, err := w.book.Get(id)
				require.NoError(w.t, err)
				assert.Equal(w.t, want, c.State, "day %d, %s", d, time.Now().In(w.zone))
				assert.Equal(w.t, outcome, c.Outcome, "day %d", d)
			})
		}
		for _, id := range []string{taken, missed} {
			state(from.Add(-time.Second), id, callback.Booked, "")
			state(from.Add(2*time.Second), id, callback.Due, "")
		}
		w.then(from.Add(10*time.Minute), func() {
			_, err := w.dialler.Take(ctx, taken, callback.Agent{ID: "amara", Name: "Amara", Telephone: "1002"})
			assert.NoError(w.t, err)
		})
		state(from.Add(10*time.Minute+20*time.Second), taken, callback.Talking, "")
		state(from.Add(12*time.Minute), taken, callback.Done, event.CallbackTalked)
		state(from.Add(30*time.Minute-time.Second), missed, callback.Due, "")
		state(from.Add(30*time.Minute+2*time.Second), missed, callback.Done, event.CallbackNoAgent)
	}
}

// tokens has one issued each day, which counts once, and for as long as it is good.
func (w *week) tokens() {
	ctx := w.t.Context()
	keys, err := token.LoadKeys(w.file("token.key"))
	require.NoError(w.t, err)
	issuer, err := token.New(token.Options{Store: shared.NewMemory(), Keys: keys, SubjectKey: make([]byte, 32)})
	require.NoError(w.t, err)
	for d := range 7 {
		w.at(d, "01:00", func() {
			issue := func() session.Secret {
				text, err := issuer.IssueFor(ctx, "C-1", []event.Method{session.MethodPassword}, "retail")
				require.NoError(w.t, err)
				return session.NewSecret([]byte(text))
			}
			active := func(t session.Secret) bool {
				_, active, err := issuer.Introspect(ctx, t)
				require.NoError(w.t, err)
				return active
			}
			used, unused := issue(), issue()
			life := issuer.Life()
			_, err := issuer.Use(ctx, used, "retail")
			require.NoError(w.t, err)
			w.then(time.Now().Add(life-time.Second), func() {
				_, err := issuer.Use(ctx, used, "retail")
				assert.Error(w.t, err, "twice")
				assert.True(w.t, active(unused))
			})
			w.then(time.Now().Add(life+time.Second), func() {
				assert.False(w.t, active(unused))
				_, err := issuer.Use(ctx, unused, "retail")
				assert.Error(w.t, err, "too late")
			})
		})
	}
}

// signIns has a person invited, and signed in for a shift.
func (w *week) signIns() {
	ctx := w.t.Context()
	book := people.NewBook(shared.NewMemory(), time.Now)
	sessions := people.NewSessions(book, false)
	_, err := book.Add(ctx, people.Person{ID: "ada", Name: "Ada", Roles: []access.Role{access.Agent}})
	require.NoError(w.t, err)
	late, _, err := book.Invite(ctx, "ada")
	require.NoError(w.t, err)
	var cookie *http.Cookie
	who := func(signIn bool) (ok bool) {
		h := sessions.Load(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if signIn {
				p, err := book.Get(r.Context(), "ada")
				require.NoError(w.t, err)
				assert.NoError(w.t, sessions.SignIn(r.Context(), p))
			}
			_, ok, err = sessions.Who(r.Context())
			assert.NoError(w.t, err)
		}), func(_ http.ResponseWriter, _ *http.Request, err error) { assert.NoError(w.t, err) })
		r, answer := httptest.NewRequest(http.MethodGet, "/", strings.NewReader("")), httptest.NewRecorder()
		if cookie != nil {
			r.AddCookie(cookie)
		}
		h.ServeHTTP(answer, r)
		for _, c := range answer.Result().Cookies() {
			cookie = c
		}
		return ok
	}
	w.at(2, "23:59:59", func() {
		_, err := book.Invited(ctx, late)
		assert.NoError(w.t, err, "three days")
	})
	w.at(3, "00:00:06", func() {
		_, err := book.Invited(ctx, late)
		assert.ErrorIs(w.t, err, people.ErrInvitation)
	})
	for d := range 7 {
		w.at(d, "06:00", func() { assert.True(w.t, who(true)) })
		w.at(d, "17:59", func() { assert.True(w.t, who(false), "a shift") })
		w.at(d, "18:00:02", func() { assert.False(w.t, who(false), "day %d: it is over", d) })
	}
}
