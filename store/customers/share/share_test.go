package share_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/store/customers"
	"countersign/store/customers/share"
	"countersign/store/sqlite"
)

var sample = []string{
	"id,name,phones,account,pin,birth_date,totp_secret,language,emails",
	"C-1,Ada Lovelace,+49309018200;+49309018201,100042,2468,1915-12-10,JBSWY3DPEHPK3PXP,en,ada@example.com",
	"C-2,Bob,+49309018202,100043,8642,,,de,",
	"C-3,,,100044,9753,,,,",
}

func TestAReplicaHasWhatTheSourceHas(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	replica := newMachine(t, at, "two", customers.Replica)
	r, _ := replica.follow(quiet())
	_, filled := r.Age()
	assert.False(t, filled)
	same(t, source, replica)
	require.Eventually(t, func() bool { // the last shard came; that it was the last comes next
		age, filled := r.Age()
		return filled && age < patience
	}, patience, time.Millisecond)
	assert.True(t, replica.checks("C-1", "2468"))
	assert.False(t, replica.checks("C-1", "2469"))

	// Single changes.
	require.NoError(t, source.SetPIN(ctx, "C-2", session.NewSecret([]byte("73915026")), false))
	source.fill("id,name,phones,emails", "C-4,Dan,+49309018209,dan@example.com")
	require.NoError(t, source.Remove(ctx, "C-3"))
	same(t, source, replica)
	assert.True(t, replica.checks("C-2", "73915026"))
	assert.False(t, replica.checks("C-2", "8642"))
	_, err := replica.Show(ctx, "C-3")
	require.ErrorIs(t, err, customers.ErrUnknown)

	// An unchanged file is no change.
	source.fill("id,name,phones", "C-1,Ada Lovelace,+49309018200;+49309018201")
	n, err := source.Unpublished(ctx)
	require.NoError(t, err)
	assert.Zero(t, n)
}

// Whoever reads shards one by one may see a customer with an identifier that another one has given up.
func TestAnIdentifierMovesBetweenCustomers(t *testing.T) {
	t.Parallel()
	at := startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source)
	replica := newMachine(t, at, "two", customers.Replica)
	replica.follow(quiet())
	const n = 20
	owner := rand.Perm(n)
	put := func() {
		empty, rows := []string{"id,account"}, []string{"id,account"}
		for i, account := range owner {
			empty = append(empty, fmt.Sprintf("C-%d,X%d", i, i))
			rows = append(rows, fmt.Sprintf("C-%d,%d", i, 100000+account))
		}
		source.fill(empty...)
		source.fill(rows...)
	}
	for range 10 {
		rand.Shuffle(n, func(i, j int) { owner[i], owner[j] = owner[j], owner[i] })
		put()
		same(t, source, replica)
	}
}

func TestWhoWasErasedIsGoneEverywhereAndRemembered(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	replica := newMachine(t, at, "two", customers.Replica)
	_, stop := replica.follow(quiet())
	same(t, source, replica)
	habit := session.Habit{Slow: true}
	require.NoError(t, replica.Remember(ctx, "C-1", habit, time.Now()))
	stop() // it hears of it when it is back
	traces := func() (n int) {
		value, _, err := source.state.Shards().Get(ctx, fmt.Sprintf("%04x", customers.ShardOf("C-1")))
		require.NoError(t, err)
		return len(value)
	}
	before := traces()
	_, set, err := source.Erase(ctx, "C-1")
	require.NoError(t, err)
	set.Wipe()
	source.publish()
	assert.Less(t, traces(), before)
	replica.follow(quiet())
	same(t, source, replica)
	erased, err := replica.Erased(ctx)
	require.NoError(t, err)
	assert.True(t, erased("C-1", time.Now().Add(-time.Hour)), "no old file brings them back")
	h, err := replica.Habit(ctx, "C-1")
	require.NoError(t, err)
	assert.Equal(t, session.Habit{}, h)
	require.NoError(t, replica.Remember(ctx, "C-1", habit, time.Now().Add(-time.Hour)))
	h, err = replica.Habit(ctx, "C-1")
	require.NoError(t, err)
	assert.Equal(t, session.Habit{}, h, "nor a call that began before")
}

func TestNothingInNATSIsReadableWithoutThePepper(t *testing.T) {
	t.Parallel()
	e := startNATS(t)
	source := newMachine(t, e.Endpoint(), "one", customers.Source, sample...)
	source.publish()
	found := 0
	nc, err := e.Endpoint().Connect("test", quiet())
	require.NoError(t, err)
	defer nc.Close()
	require.Eventually(t, nc.IsConnected, patience, time.Millisecond)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "KV_shards")
	require.NoError(t, err)
	for _, id := range []string{"C-1", "C-2", "C-3"} {
		msg, err := stream.GetLastMsgForSubject(t.Context(), fmt.Sprintf("$KV.shards.%04x", customers.ShardOf(id)))
		require.NoError(t, err)
		for _, word := range []string{id, "Ada", "Bob", "100043", "+49309018202", "customers"} {
			assert.NotContains(t, string(msg.Data), word)
		}
		found++
	}
	assert.Equal(t, 3, found)

	// A machine with another pepper says so, and takes over nothing.
	var log bytes.Buffer
	other := machineAt(t, e.Endpoint(), "two", filepath.Join(t.TempDir(), "directory.db"),
		customers.OnePepper([]byte("fedcba9876543210fedcba9876543210")), customers.Replica)
	said := make(chan struct{}, 100)
	r, stop := other.follow(slog.New(slog.NewTextHandler(notify{&log, said}, nil)))
	for line := ""; !strings.Contains(line, "same pepper"); line = log.String() {
		select {
		case <-said:
		case <-time.After(patience):
			require.FailNow(t, "nothing was said")
		}
	}
	stop()
	_, filled := r.Age()
	assert.False(t, filled)
}

// notify tells of each write.
type notify struct {
	to   *bytes.Buffer
	said chan struct{}
}

func (n notify) Write(p []byte) (int, error) {
	defer func() { n.said <- struct{}{} }()
	return n.to.Write(p)
}

func TestOnlyOneMachinePublishesUntilAnotherTakesOver(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), startNATS(t).Endpoint()
	one := newMachine(t, at, "one", customers.Source, sample...)
	one.publish()
	two := newMachine(t, at, "two", customers.Source, "id,name", "C-9,Zoe")
	replica := newMachine(t, at, "three", customers.Replica)
	replica.follow(quiet())
	same(t, one, replica)
	var other *share.OtherSourceError
	require.ErrorAs(t, two.publisher().Publish(ctx), &other)
	assert.Equal(t, "one", other.Source.Node)
	assert.ErrorContains(t, other, "customers take-over")

	from, err := share.TakeOver(ctx, two.Directory, two.state.Shards())
	require.NoError(t, err)
	assert.Equal(t, "one", from.Node)
	same(t, two, replica)
	require.NoError(t, one.SetPIN(ctx, "C-1", session.NewSecret([]byte("73915026")), false))
	require.ErrorAs(t, one.publisher().Publish(ctx), &other)
	assert.Equal(t, "two", other.Source.Node)
	_, err = share.TakeOver(ctx, replica.Directory, replica.state.Shards())
	assert.ErrorContains(t, err, "not the source")
}

func TestWhatNATSHasLostIsPublishedAgain(t *testing.T) {
	t.Parallel()
	e := startNATS(t)
	source := newMachine(t, e.Endpoint(), "one", customers.Source, sample...)
	replica := newMachine(t, e.Endpoint(), "two", customers.Replica)
	replica.follow(quiet())
	same(t, source, replica)
	nc, err := e.Endpoint().Connect("test", quiet())
	require.NoError(t, err)
	defer nc.Close()
	require.Eventually(t, nc.IsConnected, patience, time.Millisecond)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	for round, lose := range []func() error{
		func() error { return js.DeleteStream(t.Context(), "KV_shards") },
		func() error {
			stream, err := js.Stream(t.Context(), "KV_shards")
			if err != nil {
				return err
			}
			return stream.Purge(t.Context())
		},
	} {
		require.NoError(t, lose())
		source.fill("id,name", fmt.Sprintf("C-1%d,Zoe", round))
		at := source.clock()
		require.EventuallyWithT(t, func(c *assert.CollectT) { // the bucket is made again
			assert.NoError(c, source.publisher().Publish(t.Context()))
		}, patience, 10*time.Millisecond)
		replica.has(at)
		assert.Equal(t, source.all(), replica.all())
		late := newMachine(t, e.Endpoint(), fmt.Sprint("late", round), customers.Replica)
		late.follow(quiet())
		late.has(at)
		assert.Equal(t, source.all(), late.all(), "all of it is there, not only what changed")
	}
}

// A directory that was restored from a backup is older than what NATS has of it.
func TestASourceThatWasRestoredPublishesWhatItHas(t *testing.T) {
	t.Parallel()
	at := startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	replica := newMachine(t, at, "two", customers.Replica)
	replica.follow(quiet())
	same(t, source, replica)
	backup := filepath.Join(t.TempDir(), "directory.db")
	require.NoError(t, sqlite.Copy(t.Context(), source.path, backup))
	source.fill("id,name", "C-1,Augusta")
	same(t, source, replica)
	restored := machineAt(t, at, "one", backup, pepper, customers.Source)
	same(t, restored, replica)
	r, err := replica.Show(t.Context(), "C-1")
	require.NoError(t, err)
	assert.Equal(t, "Ada Lovelace", r.Name)
}

func TestAMachineWithCustomersBecomesAReplica(t *testing.T) {
	t.Parallel()
	at := startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	replica := newMachine(t, at, "two", customers.Replica, "id,name,account", "C-2,Robert,100044", "C-77,Stranger,777777")
	replica.follow(quiet())
	same(t, source, replica)
}

func TestItSaysThatItIsOld(t *testing.T) {
	t.Parallel()
	at := startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	replica := newMachine(t, at, "two", customers.Replica)
	r, _ := replica.follow(quiet())
	same(t, source, replica)
	replica.later(10 * time.Minute)
	age, filled := r.Age()
	assert.True(t, filled)
	assert.InDelta(t, 600, age.Seconds(), patience.Seconds())
	source.later(10 * time.Minute) // without a change, it says that there is none
	same(t, source, replica)
	age, _ = r.Age()
	assert.Less(t, age, patience)
}

func TestSecretsThatWereWrappedHereStaySo(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	replica := newMachine(t, at, "two", customers.Replica)
	replica.follow(quiet())
	same(t, source, replica)
	wrapping, err := customers.Open(ctx, replica.path, customers.Options{Pepper: pepper})
	require.NoError(t, err)
	defer func() { require.NoError(t, wrapping.Close()) }()
	_, err = wrapping.WrapNext(ctx, 100)
	require.NoError(t, err)
	scheme := func(m *machine, id string) string {
		r, err := m.Show(ctx, id)
		require.NoError(t, err)
		for _, c := range r.Credentials {
			if c.Kind == customers.KindPIN {
				return c.Scheme
			}
		}
		return ""
	}
	require.NoError(t, source.PublishAll(ctx, nil)) // the same records again
	publishedAt := source.clock()
	source.publish()
	replica.has(publishedAt)
	assert.Equal(t, customers.SchemeArgon2id, scheme(replica, "C-1"))
	assert.Equal(t, customers.SchemeHMAC, scheme(source, "C-1"))
	assert.True(t, replica.checks("C-1", "2468"))

	// Wrapping on the source is no change; a new PIN that is wrapped at once is one.
	wrapped, err := customers.Open(ctx, source.path, customers.Options{Pepper: pepper})
	require.NoError(t, err)
	defer func() { require.NoError(t, wrapped.Close()) }()
	_, err = wrapped.WrapNext(ctx, 100)
	require.NoError(t, err)
	n, err := source.Unpublished(ctx)
	require.NoError(t, err)
	assert.Zero(t, n)
	source.fill("id,pin", "C-3,5274")
	source.publish()
	require.NoError(t, wrapped.SetPIN(ctx, "C-3", session.NewSecret([]byte("73915026")), false))
	at2 := source.clock()
	source.publish()
	replica.has(at2)
	assert.True(t, replica.checks("C-3", "73915026"))
}

func TestADeletedDatabaseIsFilledAgain(t *testing.T) {
	t.Parallel()
	at := startNATS(t).Endpoint()
	source := newMachine(t, at, "one", customers.Source, sample...)
	first := newMachine(t, at, "two", customers.Replica)
	_, stop := first.follow(quiet())
	same(t, source, first)
	stop()
	second := newMachine(t, at, "two", customers.Replica)
	second.follow(quiet())
	same(t, source, second)
}

// How long a million customers take, and what they weigh: COUNTERSIGN_SHARE=1000000 go test -run Million -v.
func TestAMillionCustomersAreShared(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("COUNTERSIGN_SHARE"), &n); err != nil {
		t.Skip("COUNTERSIGN_SHARE has how many")
	}
	e := startNATS(t)
	rows := []string{"id,name,phones,account,pin,birth_date"}
	for i := range n {
		rows = append(rows, fmt.Sprintf("C-%d,Customer Number %d,+4930%08d,%d,%04d,19%02d-0%d-1%d", i, i, i, 100000+i, i%10000,
			i%100, i%9+1, i%9))
	}
	took := func(what string, f func()) {
		began := time.Now()
		f()
		t.Logf("%s took %s", what, time.Since(began).Round(10*time.Millisecond))
	}
	source := newMachine(t, e.Endpoint(), "one", customers.Source)
	took("import", func() { source.fill(rows...) })
	took("publish", source.publish)
	replica := newMachine(t, e.Endpoint(), "two", customers.Replica)
	replica.follow(quiet())
	took("first fill", func() { replica.has(source.clock().Add(-time.Hour)) })
	require.NoError(t, source.SetPIN(t.Context(), "C-7", session.NewSecret([]byte("73915026")), false))
	at := source.clock()
	took("one change", func() { source.publish(); replica.has(at) })
	info := streamInfo(t, e.Endpoint().Connect)
	t.Logf("%d customers: %d MB in NATS", n, info.State.Bytes>>20)
	count, err := replica.Count(context.Background())
	require.NoError(t, err)
	assert.Equal(t, n, count)
}

func streamInfo(t *testing.T, connect func(string, *slog.Logger) (*nats.Conn, error)) *jetstream.StreamInfo {
	t.Helper()
	nc, err := connect("test", quiet())
	require.NoError(t, err)
	defer nc.Close()
	require.Eventually(t, nc.IsConnected, patience, time.Millisecond)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "KV_shards")
	require.NoError(t, err)
	return stream.CachedInfo()
}
