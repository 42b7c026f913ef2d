package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// retryWithin is how quickly an attempt must fail for a retry (docs/policy.md#backend-call).
	retryWithin = time.Second
	// Limits besides those of bodies.
	maxResponseHeader = 16 << 10
	idleConnections   = 32
	idleFor           = 1500 * time.Millisecond // less than servers do: see ../DESIGN.md
	userAgent         = "countersign"
)

// Endpoint is one backend: how to connect and how long to wait. It is safe for use by several goroutines.
type Endpoint struct {
	base        string // without a trailing slash
	Host        string
	headers     http.Header // of every request, which shares their values
	client      *http.Client
	fresh       *http.Client  // a new connection for each request
	Timeout     time.Duration // of one attempt
	Cap         time.Duration // of all attempts
	RetryWithin time.Duration
	MaxResponse int
	breaker     *gobreaker.CircuitBreaker[*Reply] // nil: none
	opens       string                            // the failure while the breaker is open
	exchange    func(Exchange)                    // nil: none
	leftOut     func(string)                      // nil: none
	asked       func(context.Context, Asked)      // nil: none
	opened      func(bool)                        // nil: none
	log         *slog.Logger
}

// Reply is a complete answer. Do wipes it.
type Reply struct {
	Status int
	Body   []byte
}

func (r *Reply) wipe() { clear(r.Body) }

// New checks the URL, headers and certificates of a backend. It does not connect.
func New(base string, headers map[string]string, t TLS, o Options) (*Endpoint, error) {
	var errs []error
	e := &Endpoint{
		exchange: o.Exchange, leftOut: o.LeftOut, asked: o.Asked, opened: o.Opened, log: o.Log, RetryWithin: retryWithin,
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		errs = append(errs, errors.New("url: it must be a URL such as https://crm.example/api"))
	case u.User != nil:
		errs = append(errs, errors.New("url: a user and password in it would be logged; "+
			"put them into headers, as Authorization: Basic ${NAME}"))
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		errs = append(errs, errors.New("url: it has a query or a fragment; put parameters into query"))
	default:
		e.base, e.Host = strings.TrimSuffix(u.String(), "/"), u.Host
		if u.Scheme == "http" && !loopback(u.Hostname()) {
			o.Log.Warn("secrets are sent in clear: the backend's url is not https", "host", u.Host)
		}
	}
	if e.headers, err = HeadersFrom(headers, o.Env); err != nil {
		errs = append(errs, err)
	}
	for name, value := range map[string]string{"User-Agent": userAgent, "Accept": contentJSON} {
		if e.headers.Get(name) == "" {
			e.headers.Set(name, value)
		}
	}
	secure, err := t.config()
	if err != nil {
		errs = append(errs, err)
	}
	e.client, e.fresh = clients(secure)
	return e, errors.Join(errs...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// clients returns a client that keeps connections, and one that does not. Both speak HTTP/1.1 only: see ../DESIGN.md.
func clients(secure *tls.Config) (keeping, fresh *http.Client) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	keep := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, Protocols: protocols, DisableCompression: true,
		DialContext: (&net.Dialer{Timeout: MaxCap}).DialContext, TLSHandshakeTimeout: MaxCap,
		MaxResponseHeaderBytes: maxResponseHeader,
		MaxIdleConns:           idleConnections, MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: idleFor,
	}
	once := keep.Clone()
	once.DisableKeepAlives = true
	client := func(t *http.Transport) *http.Client {
		return &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: t,
		}
	}
	return client(keep), client(once)
}

// BreakWhen gives the endpoint a breaker.
func (e *Endpoint) BreakWhen(b Breaker, log *slog.Logger) {
	e.opens = fmt.Sprintf("not asked: it failed %d times within %s, and is tried again after %s",
		b.Failures, b.Window, b.HalfOpen)
	e.breaker = gobreaker.NewCircuitBreaker[*Reply](gobreaker.Settings{
		Name: e.Host, MaxRequests: 1, Interval: b.Window, BucketPeriod: max(b.Window/10, time.Millisecond),
		Timeout:      b.HalfOpen,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return int(c.TotalFailures) >= b.Failures },
		IsSuccessful: func(err error) bool { return !failed(err).away },
		IsExcluded: func(err error) bool {
			_, ok := errors.AsType[*gone](err)
			return ok
		},
		OnStateChange: func(host string, _, to gobreaker.State) {
			if e.opened != nil {
				e.opened(to != gobreaker.StateClosed)
			}
			switch to {
			case gobreaker.StateOpen:
				log.Warn("backend away, not asked for a while", "host", host, "for", b.HalfOpen)
			case gobreaker.StateClosed:
				log.Info("backend back", "host", host)
			case gobreaker.StateHalfOpen:
			}
		},
	})
}

// Close closes idle connections.
func (e *Endpoint) Close() { e.client.CloseIdleConnections() }

// LeftOut tells that a part of an answer could not be read. what shows nothing of it.
func (e *Endpoint) LeftOut(operation, what string) {
	e.log.Warn("part of the backend's answer left out", "operation", operation, "host", e.Host, "what", what)
	if e.leftOut != nil {
		e.leftOut(what)
	}
}

// Do sends a request, and once more if that is allowed and may help. It wipes the secrets from everything that it
// made. take reads the answer and must keep nothing of its body; its error makes the answer a failure that the
// breaker does not count.
func (e *Endpoint) Do(ctx context.Context, operation string, r *Prepared, v Values,
	take func(*Reply) error) error {
	if ctx.Err() != nil {
		return e.ended(ctx, operation)
	}
	a, err := r.fill(v)
	if err != nil {
		return &Failure{Operation: operation, Host: e.Host, What: "the request cannot be made: " + err.Error()}
	}
	defer a.payload.wipe()
	all, cancel := context.WithTimeout(ctx, e.Cap)
	defer cancel()
	began := time.Now()
	got, err := e.guarded(ctx, all, operation, r, a)
	if failed(err).again && r.idempotent && time.Since(began) < e.RetryWithin && ctx.Err() == nil {
		if again, second := e.guarded(ctx, all, operation, r, a); !failed(second).open {
			got, err = again, second
		}
	}
	if err != nil {
		return err
	}
	defer got.wipe()
	if err = r.outage.find(got, r.Shape); err == nil {
		err = take(got)
	}
	if err != nil {
		return &Failure{Operation: operation, Host: e.Host, What: err.Error()}
	}
	return nil
}

// failed returns the Failure in an error, zero if there is none.
func failed(err error) Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return *f
	}
	return Failure{}
}

// guarded makes one attempt if the breaker allows it. caller is the caller's context, all that of all attempts.
func (e *Endpoint) guarded(caller, all context.Context, operation string, r *Prepared,
	a Filled) (*Reply, error) {
	return e.guard(caller, operation, func() (*Reply, error) { return e.try(caller, all, operation, r, a) })
}

// guard tries if the breaker allows it, and tells Asked.
func (e *Endpoint) guard(
	ctx context.Context, operation string, try func() (*Reply, error),
) (got *Reply, err error) {
	if e.asked != nil {
		began := time.Now()
		defer func() {
			e.asked(ctx, Asked{Operation: operation, Began: began, Took: time.Since(began), Result: resultOf(err)})
		}()
	}
	if e.breaker == nil {
		return try()
	}
	got, err = e.breaker.Execute(try)
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, &Failure{Operation: operation, Host: e.Host, What: e.opens, open: true}
	}
	return got, err
}

func (e *Endpoint) try(caller, all context.Context, operation string, r *Prepared,
	a Filled) (*Reply, error) {
	ctx, cancel := context.WithTimeout(all, e.Timeout)
	defer cancel()
	fail := func(err error) error {
		if caller.Err() != nil {
			return e.ended(caller, operation)
		}
		what := fmt.Sprintf("no answer within %s", e.Timeout)
		if !isTimeout(err) {
			what = explain(err)
		}
		return &Failure{Operation: operation, Host: e.Host, What: what, away: true, again: true}
	}
	w := &watch{}
	req, err := http.NewRequestWithContext(w.over(ctx, r), r.method, e.base+a.target, nil)
	if err != nil {
		return nil, &Failure{Operation: operation, Host: e.Host, What: "the request cannot be made: its URL is invalid"}
	}
	e.dress(req, r, a)
	tell := e.tell(req, len(r.secret) > 0)
	res, err := e.send(req, r, a, w)
	if err != nil {
		tell(0, nil)
		return nil, fail(err)
	}
	defer res.Body.Close()
	status := res.StatusCode
	if status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= http.StatusInternalServerError {
		tell(status, nil)
		return nil, &Failure{
			Operation: operation, Host: e.Host, What: fmt.Sprintf("status %d", status),
			away: true, again: status != http.StatusTooManyRequests,
		}
	}
	body, err := e.read(res, r.Shape)
	tell(status, body)
	if err == nil {
		err = ctx.Err() // an answer that ended because we ended it is incomplete
	}
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &Failure{Operation: operation, Host: e.Host,
			What: fmt.Sprintf("the answer has more than %d bytes; see max_response", e.MaxResponse)}
	case errors.Is(err, errUnpack), errors.Is(err, errCharset):
		return nil, &Failure{Operation: operation, Host: e.Host, What: err.Error()}
	case err != nil:
		return nil, fail(err)
	}
	return &Reply{Status: status, Body: body}, nil
}

// tell begins an Exchange and returns a function that ends it.
func (e *Endpoint) tell(req *http.Request, secret bool) func(status int, answer []byte) {
	if e.exchange == nil {
		return func(int, []byte) {}
	}
	began := time.Now()
	return func(status int, answer []byte) {
		if secret {
			answer = nil
		}
		e.exchange(Exchange{
			Method: req.Method, URL: req.URL.String(), Status: status, Took: time.Since(began), Answer: answer,
		})
	}
}

// dress adds headers and body.
func (e *Endpoint) dress(req *http.Request, r *Prepared, a Filled) {
	req.Header = maps.Clone(e.headers)
	maps.Copy(req.Header, r.headers)
	if r.keyHeader != "" {
		req.Header.Set(r.keyHeader, a.key)
	}
	if r.body == nil {
		return
	}
	req.Header["Content-Type"] = r.contentTypes
	req.ContentLength = int64(len(a.payload.bytes))
	req.Body = a.payload.reader()
	req.GetBody = func() (io.ReadCloser, error) { return a.payload.reader(), nil }
}

// Unexpected is the error for a status without a meaning.
func Unexpected(status int) error {
	if status >= 300 && status < 400 {
		return fmt.Errorf("status %d: redirects are not followed; check url and path", status)
	}
	return fmt.Errorf("unexpected status %d", status)
}

// ended turns the end of a context into an error: a deadline is the backend's failure, a hang-up is not.
func (e *Endpoint) ended(ctx context.Context, operation string) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
		return &gone{operation: operation, cause: cause}
	}
	return &Failure{Operation: operation, Host: e.Host, What: "no answer in time", away: true}
}
