package sms_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/sms"
	"countersign/session/event"
	"countersign/session/receipt"
)

// box is sms.Box in a map; references that begin with "r" are ours.
type box struct {
	got map[string]event.CodeState
	err error
}

func (b *box) IsOurs(reference string) bool { return strings.HasPrefix(reference, "r") }
func (b *box) Put(_ context.Context, reference string, state event.CodeState) error {
	b.got[reference] = state
	return b.err
}

const (
	inJSON = "application/json"
	inForm = "application/x-www-form-urlencoded; charset=utf-8"
)

func TestReceiptsOfManyGatewaysAreRead(t *testing.T) {
	t.Parallel()
	none := map[string]event.CodeState{}
	one := func(s event.CodeState) map[string]event.CodeState { return map[string]event.CodeState{"r1": s} }
	for name, c := range map[string]struct {
		settings       sms.ReceiptSettings
		kind, body     string
		query          string
		want           map[string]event.CodeState
		taken, ignored int
	}{
		"a reference in the address of the receipt, a form": {
			sms.ReceiptSettings{Reference: "ref", State: "MessageStatus"}, inForm, "MessageSid=SM1&MessageStatus=delivered",
			"ref=r1", one(event.CodeDelivered), 1, 0,
		},
		"on its way": {sms.ReceiptSettings{Reference: "ref"}, inForm, "ref=r1&status=sent", "", none, 0, 0},
		"JSON": {sms.ReceiptSettings{Reference: "client_ref"}, inJSON,
			`{"client_ref": "r1", "status": "rejected"}`, "", one(event.CodeNotDelivered), 1, 0},
		"deep in JSON": {sms.ReceiptSettings{Reference: "results.0.callbackData",
			State: "results.0.status.groupName"}, inJSON,
			`{"results": [{"callbackData": "r1", "status": {"groupName": "DELIVERED"}}]}`, "", one(event.CodeDelivered), 1, 0},
		"several": {sms.ReceiptSettings{Reference: "ref"}, inJSON,
			`[{"ref": "r1", "status": "UNDELIV"}, {"ref": "r2", "status": "DELIVRD"}, {"ref": "x"}]`, "",
			map[string]event.CodeState{"r1": event.CodeNotDelivered, "r2": event.CodeDelivered}, 2, 1},
		"words of their own": {sms.ReceiptSettings{Reference: "ref", Delivered: []string{"5"}, Failed: []string{"6"}},
			inJSON, `{"ref": "r1", "status": 5}`, "", one(event.CodeDelivered), 1, 0},
		"all in the address": {sms.ReceiptSettings{Reference: "ref"}, "", "", "ref=r1&status=failed",
			one(event.CodeNotDelivered), 1, 0},
		"another's": {sms.ReceiptSettings{Reference: "ref"}, inJSON, `{"ref": "theirs", "status": "delivered"}`,
			"", none, 0, 1},
		"nothing": {sms.ReceiptSettings{Reference: "ref"}, inJSON, `{}`, "", none, 0, 1},
	} {
		b := &box{got: map[string]event.CodeState{}}
		r := sms.NewReceipts(c.settings, b, slog.New(slog.DiscardHandler))
		query, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		taken, ignored, err := r.Take(t.Context(), c.kind, []byte(c.body), query)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, b.got, name)
		assert.Equal(t, [2]int{c.taken, c.ignored}, [2]int{taken, ignored}, name)
		assert.Equal(t, c.ignored, r.Ignored(), name)
	}
}

func TestAReceiptThatCannotBeReadOrStored(t *testing.T) {
	t.Parallel()
	b := &box{got: map[string]event.CodeState{}, err: errors.New("away")}
	var log logbook
	r := sms.NewReceipts(sms.ReceiptSettings{Reference: "ref"}, b, log.Logger())
	for kind, body := range map[string]string{inJSON: "<xml>", inForm: "%zz"} {
		_, _, err := r.Take(t.Context(), kind, []byte(body), nil)
		require.ErrorIs(t, err, receipt.ErrUnreadable)
	}
	_, _, err := r.Take(t.Context(), inJSON, []byte(`{"ref": "r1", "status": "delivered"}`), nil)
	require.ErrorContains(t, err, "away")
	for range 3 {
		_, _, err := r.Take(t.Context(), inJSON, []byte(`{"ref": "theirs"}`), nil)
		require.NoError(t, err)
	}
	assert.Equal(t, 3, r.Ignored())
	assert.Equal(t, 1, strings.Count(log.String(), "not ours"), "said once a minute")
}

func TestAGatewayGetsTheReferenceOfAMessage(t *testing.T) {
	t.Parallel()
	var got string
	url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
	}))
	s := sms.Settings{
		URL: url, Body: `{"to": "{{.To}}", "text": "{{.Text}}", "client_ref": "{{.Reference}}"}`,
		Receipts: sms.ReceiptSettings{Reference: "client_ref"},
	}
	m := message("en")
	m.Reference = "abc234"
	require.NoError(t, gateway(t, s).Send(deadline(t), m))
	assert.Contains(t, got, `"client_ref": "abc234"`)
	s.Body = ""
	_, err := sms.New(s, endpointOptions)
	require.ErrorContains(t, err, "give it {{.Reference}} in body")
	s.Receipts = sms.ReceiptSettings{Reference: "x", Delivered: []string{"done"}, Failed: []string{"DONE"}}
	_, err = sms.New(s, endpointOptions)
	require.ErrorContains(t, err, `"done" is in delivered and in failed`)
}
