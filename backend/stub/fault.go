package stub

import (
	"bytes"
	"net"
	"net/http"
	"time"
)

// Fault is a failure of a CRM as its clients see it.
type Fault struct {
	// Kind is what goes wrong.
	Kind FaultKind
	// Latency delays the answer, right or wrong.
	Latency time.Duration
	// Status goes with FaultStatus.
	Status int
	// Times is how many requests it hits; 0 is all until the next Break.
	Times int
}

// FaultKind names a Fault.
type FaultKind int

const (
	// NoFault: the right answer, after the latency.
	NoFault FaultKind = iota
	// FaultStatus: a status and no body.
	FaultStatus
	// FaultGarbage: 200, and a body that is not JSON.
	FaultGarbage
	// FaultWrongTypes: 200, and JSON in which every value has the wrong type.
	FaultWrongTypes
	// FaultHuge: 200 and two gigabytes.
	FaultHuge
	// FaultDrip: 200 and an endless body, a byte every 20 ms.
	FaultDrip
	// FaultHang: no answer.
	FaultHang
	// FaultReset: the connection is reset.
	FaultReset
	// FaultNotHTTP: an answer that is not HTTP.
	FaultNotHTTP
	// FaultRedirect: 302 to a host that does not exist.
	FaultRedirect
	// FaultTruncated: 200 and a body shorter than announced.
	FaultTruncated
)

const (
	huge = 2 << 30
	drip = 20 * time.Millisecond
	// forever bounds endless faults.
	forever = time.Minute
)

// spoil answers as the fault demands. It returns false if the right answer is due.
func (f Fault) spoil(w http.ResponseWriter, r *http.Request) bool {
	if !wait(r, f.Latency) {
		return true
	}
	switch f.Kind {
	case FaultStatus:
		w.WriteHeader(f.Status)
	case FaultGarbage:
		_, _ = w.Write([]byte(`<html>{"customers": [{"id": "C-1", "valid": true`))
	case FaultWrongTypes:
		_, _ = w.Write([]byte(`{"customers": [{"id": {"valid": "yes"}, "name": 7, "secrets": 3}],
			"valid": ["yes"], "phones": 1}`))
	case FaultHuge:
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for sent := 0; sent < huge; sent += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
	case FaultDrip:
		for end := time.Now().Add(forever); time.Now().Before(end); {
			if _, err := w.Write([]byte(" ")); err != nil || http.NewResponseController(w).Flush() != nil || !wait(r, drip) {
				break
			}
		}
	case FaultHang:
		wait(r, forever)
		panic(http.ErrAbortHandler)
	case FaultReset, FaultNotHTTP:
		f.raw(w)
	case FaultRedirect:
		w.Header().Set("Location", "http://elsewhere.invalid"+r.URL.Path)
		w.WriteHeader(http.StatusFound)
	case FaultTruncated:
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"customers": []}`))
	default:
		return false
	}
	return true
}

// raw takes the connection over from HTTP.
func (f Fault) raw(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2
	}
	defer conn.Close()
	if f.Kind == FaultNotHTTP {
		_, _ = conn.Write([]byte("220 mail.example ESMTP ready\r\n"))
		return
	}
	under := conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		under = secure.NetConn()
	}
	if tcp, ok := under.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// wait returns false if the client disconnects.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
