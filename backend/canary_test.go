package backend_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/backend"
	"countersign/backend/sms"
	"countersign/backend/stub"
)

// echo is a backend that says everything that it was told, in every way that an error might quote.
func echo(seen func(target string)) http.Handler {
	n := 0
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told := r.RequestURI + " " + string(body) + " " + r.Header.Get("Authorization")
		seen(r.RequestURI)
		mu.Lock()
		n++
		way := n % 6
		mu.Unlock()
		switch way {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, told)
		case 1:
			_, _ = io.WriteString(w, told)
		case 2:
			_, _ = fmt.Fprintf(w, `{"valid": %q, "customers": [{"id": [%q]}], "phones": %q}`, told, told, told)
		case 3:
			w.Header().Set("Location", "http://"+url.PathEscape(told)+"/")
			w.WriteHeader(http.StatusFound)
		default:
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			told = strings.NewReplacer("\r", "", "\n", "").Replace(told)
			if way == 4 {
				_, _ = fmt.Fprintf(conn, "HTTP/9.%s\r\n\r\n", told)
				return
			}
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", told)
		}
	})
}

func TestNoSecretAndNoNumberIsInAnErrorALogOrAURL(t *testing.T) {
	t.Parallel()
	const number = "+4930765432"
	var said logbook
	var urls logbook
	base := serve(t, echo(func(target string) { _, _ = io.WriteString(&urls, target+"\n") }))
	s := crmSettings(t, base)
	s.Timeout, s.Breaker.Failures = 300*time.Millisecond, 12
	d := directory(t, s, local(t), said.Logger())
	g := gateway(t, sms.Settings{URL: base, IdempotencyHeader: "Idempotency-Key"})
	dead := directory(t, crmSettings(t, "http://127.0.0.1:1"), local(t), said.Logger())
	hangs := stub.NewCRM("", nil)
	hangs.Break(stub.Fault{Kind: stub.FaultHang})
	slow := crmSettings(t, serve(t, hangs))
	slow.Timeout = 50 * time.Millisecond
	late := directory(t, slow, local(t), said.Logger())
	for range 12 {
		for _, d := range []*backend.Directory{d, dead, late} {
			for _, ask := range []func(ctx context.Context) error{
				func(ctx context.Context) error {
					_, err := d.Check(ctx, "C-1001", "pin", secret(canaryPIN))
					return err
				},
				func(ctx context.Context) error {
					_, err := d.Check(ctx, "C-1001", "birth_date", secret(canaryBirth))
					return err
				},
				func(ctx context.Context) error { _, err := d.ByPhone(ctx, number); return err },
			} {
				if err := ask(deadline(t)); assert.Error(t, err) {
					_, _ = fmt.Fprintf(&said, "%v %+v %#v\n", err, err, err)
				}
			}
		}
		m := message("en")
		m.To = number
		if err := g.Send(deadline(t), m); err != nil {
			_, _ = fmt.Fprintf(&said, "%v %+v %#v\n", err, err, err)
		}
	}
	for _, secret := range []string{canaryPIN, canaryBirth, canaryCode, canaryToken} {
		assert.NotContains(t, said.String(), secret)
		assert.NotContains(t, urls.String(), secret)
	}
	assert.NotContains(t, said.String(), number[1:])
	assert.Contains(t, urls.String(), "/customers/C-1001/check", "the backend was asked")
	assert.Contains(t, said.String(), "backend away", "the log was read")
}
