package sms_test

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"countersign/backend/sms"
	"countersign/session/event"
)

// FuzzReceipt: whatever a gateway sends, nothing panics, no more than is allowed is read, and nothing is kept but what is
// ours and final.
func FuzzReceipt(f *testing.F) {
	f.Add(inForm, "MessageSid=SM1&status=delivered&ref=r1", "")
	f.Add(inJSON, `[{"ref": "r1", "status": "UNDELIV"}, {"ref": "r2", "status": "DELIVRD"}, {"ref": "x"}]`, "")
	f.Add(inJSON, `{"ref": "r1"}`, "status=read")
	f.Add("", "", "ref=r1&status=failed")
	f.Add("text/plain; charset=\"", `[[[{"ref":1e999}]]]`, "%zz")
	f.Fuzz(func(t *testing.T, kind, body, query string) {
		b := &box{got: map[string]event.CodeState{}}
		r := sms.NewReceipts(sms.ReceiptSettings{Reference: "ref"}, b, slog.New(slog.DiscardHandler))
		values, _ := url.ParseQuery(query)
		taken, ignored, err := r.Take(t.Context(), kind, []byte(body), values)
		if taken+ignored > 1000 || len(b.got) > taken || err != nil && taken > 0 {
			t.Errorf("%d taken, %d ignored, %d kept: %v", taken, ignored, len(b.got), err)
		}
		for reference, state := range b.got {
			if !strings.HasPrefix(reference, "r") || state != event.CodeDelivered && state != event.CodeNotDelivered {
				t.Errorf("kept %q: %q", reference, state)
			}
		}
	})
}
