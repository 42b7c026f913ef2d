package bus

import (
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"countersign/session/event"
)

// login decides who may connect to the embedded NATS. Those who write are in the server's global account, where streams
// and buckets are; readers are in an account of their own, into which nothing leads but what readers lists.
type login struct {
	write, read string // public keys
	words       atomic.Pointer[[]words]
}

// words are what programs without a key log in with.
type words struct{ user, password, token string }

// set accepts other words from now on, beside those of now: whoever has these has time to change. Those before are no more
// accepted, nor is anything but the new ones after a restart.
func (l *login) set(w words) {
	have := l.words.Load()
	switch {
	case have == nil:
		l.words.Store(&[]words{w})
	case (*have)[0] != w:
		l.words.Store(&[]words{w, (*have)[0]})
	}
}

func (w words) match(o *server.ClientOpts) bool {
	switch {
	case w.user != "":
		return same(o.Username, w.user) && same(o.Password, w.password)
	case w.token != "":
		return same(o.Token, w.token)
	}
	return false
}

// serverLogin is the login at one server.
type serverLogin struct {
	*login
	readers *server.Account
	opened  chan struct{} // closed once readers is set
}

func (l *login) atServer() *serverLogin { return &serverLogin{login: l, opened: make(chan struct{})} }

// openWithin is how long readers wait for their account: a server listens before it can be made. It is less than the
// time that the server gives a client to log in, 2 s.
const openWithin = 1500 * time.Millisecond

// account returns the readers' account, or nil if it is not made in time.
func (l *serverLogin) account() *server.Account {
	select {
	case <-l.opened:
		return l.readers
	case <-time.After(openWithin):
		return nil
	}
}

// Check implements server.Authentication.
func (l *serverLogin) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Nkey != "" {
		if !signed(o.Nkey, o.Sig, c.GetNonce()) {
			return false
		}
		if o.Nkey == l.write {
			return true
		}
		if o.Nkey != l.read {
			return false
		}
		readers := l.account()
		if readers == nil {
			return false
		}
		c.RegisterUser(&server.User{Username: "reader", Account: readers, Permissions: readerPermissions()})
		return true
	}
	return slices.ContainsFunc(*l.words.Load(), func(w words) bool { return w.match(o) })
}

func same(given, want string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

func signed(public, signature string, nonce []byte) bool {
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		if sig, err = base64.StdEncoding.DecodeString(signature); err != nil {
			return false
		}
	}
	key, err := nkeys.FromPublicKey(public)
	return err == nil && len(nonce) > 0 && key.Verify(nonce, sig) == nil
}

// What readers may ask for: to read the stream of events with pull consumers of their own. They cannot list consumers:
// a consumer is used by whoever knows its name, and those of the reports have random ones.
var readerRequests = []string{
	"$JS.API.STREAM.INFO." + event.Stream, "$JS.API.STREAM.MSG.GET." + event.Stream,
	"$JS.API.CONSUMER.INFO." + event.Stream + ".*", "$JS.API.CONSUMER.DELETE." + event.Stream + ".*",
}

const (
	readerNext   = "$JS.API.CONSUMER.MSG.NEXT." + event.Stream + ".*"
	readerAcks   = "$JS.ACK." + event.Stream + ".>"
	readerCreate = "$JS.API.CONSUMER.CREATE." + event.Stream + ".>"
	// readerGate is where requests to create a consumer arrive in our account: gate looks at them first.
	readerGate = "countersign.readers.create.>"
)

func readerPermissions() *server.Permissions {
	publish := append([]string{readerNext, readerAcks, readerCreate}, readerRequests...)
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: []string{event.Subjects, "_INBOX.>"}},
	}
}

const readersAccount = "countersign-readers"

// openForReaders makes the readers' account. Requests and their answers pass between accounts with reply subjects that
// the server makes, so a reader cannot have an answer sent to a subject of ours.
func (l *serverLogin) openForReaders(s *server.Server) error {
	ours := s.GlobalAccount()
	readers, _ := s.LookupOrRegisterAccount(readersAccount)
	if err := ours.AddStreamExport(event.Subjects, nil); err != nil {
		return err
	}
	if err := readers.AddStreamImport(ours, event.Subjects, ""); err != nil {
		return err
	}
	services := map[string]string{readerNext: readerNext, readerAcks: readerAcks, readerCreate: readerGate}
	for _, subject := range readerRequests {
		services[subject] = subject
	}
	for from, to := range services {
		answers := server.Singleton
		if from == readerNext {
			answers = server.Streamed
		}
		if err := ours.AddServiceExportWithResponse(to, answers, nil); err != nil {
			return err
		}
		if err := readers.AddServiceImport(ours, from, to); err != nil {
			return err
		}
	}
	l.readers = readers
	close(l.opened)
	return nil
}
