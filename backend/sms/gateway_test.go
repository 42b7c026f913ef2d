package sms_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
	"countersign/backend/sms"
	"countersign/backend/stub"
	"countersign/session"
)

const canaryCode = "805127"

func message(language string) session.Message {
	return session.Message{To: "+4915112345678", Language: language, Line: "retail", Code: secret(canaryCode),
		Lifetime: 5 * time.Minute}
}

func gateway(t testing.TB, s sms.Settings) *sms.Gateway {
	g, err := sms.New(s, endpoint.Options{Env: environment})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g
}

func TestACodeIsSentInTheLanguageOfTheCall(t *testing.T) {
	t.Parallel()
	caught := stub.NewMessages(canaryToken)
	s := examples(t)[0].SMS
	s.URL = serve(t, caught) + "/messages"
	s.Texts = map[string]string{"FR": "{brand}Code {code} \"{minutes}\"\n{code}"}
	g := gateway(t, s)
	for language, want := range map[string]string{
		"en": "Example Bank: Your code is 805127. Valid for 5 min. Only key it on the phone. " +
			"Never tell it to anybody, not even to our staff.",
		"de-AT": "Example Bank: Ihr Code: 805127. Gilt 5 Min. Nur am Telefon eintippen. " +
			"Niemandem sagen, auch nicht unseren Mitarbeitern.",
		"fr": "Example Bank: Code 805127 \"5\"\n805127",
		"nl": "Example Bank: Your code is 805127. Valid for 5 min. Only key it on the phone. " +
			"Never tell it to anybody, not even to our staff.",
	} {
		m := message(language)
		require.NoError(t, g.Send(deadline(t), m))
		all := caught.To(m.To)
		assert.Equal(t, want, all[len(all)-1].Text)
		assert.LessOrEqual(t, len([]rune(want)), 160, "one message")
		assert.Equal(t, canaryCode, string(m.Code.Reveal()), "the code is its owner's")
	}
}

func TestASecondTryHasTheSameKey(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "Idempotency-Key"} {
		keys := make(chan string, 10)
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			keys <- r.Header.Get("Idempotency-Key")
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		g := gateway(t, sms.Settings{URL: url, IdempotencyHeader: header, Timeout: mostTime})
		g.RetryWithin(patience) // also on a busy machine
		for range 2 {
			require.ErrorIs(t, g.Send(deadline(t), message("en")), endpoint.ErrUnavailable)
		}
		if header == "" {
			assert.Len(t, keys, 2, "a message that may have been sent is not sent again")
			continue
		}
		require.Len(t, keys, 4)
		first, again, second := <-keys, <-keys, <-keys
		assert.Len(t, first, 36)
		assert.Equal(t, first, again)
		assert.NotEqual(t, first, second)
	}
}

func TestAGatewayThatSaysNoWithStatus200(t *testing.T) {
	t.Parallel()
	for answer, sent := range map[string]bool{`{"status": "queued"}`: true, `{"status": "failed"}`: false, `{}`: false,
		`<html>`: false} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			assert.Contains(t, string(body), "To=%2B4915112345678&From=ExampleBank&Body=Example%20Bank%3A%20805127%20is")
			_, _ = io.WriteString(w, answer)
		}))
		s := examples(t)[1].SMS
		s.URL = url
		err := gateway(t, s).Send(deadline(t), message("en"))
		assert.Equal(t, sent, err == nil, "%s: %v", answer, err)
	}
}

func TestCodesAreSentOnlyToCountriesOnTheList(t *testing.T) {
	t.Parallel()
	caught := stub.NewMessages("")
	s := sms.Settings{URL: serve(t, caught) + "/messages", Countries: []string{"DE", "US"}}
	g := gateway(t, s)
	for number, sent := range map[string]bool{
		"+4915112345678": true, "+12125550123": true, "+18764565432": false /* Jamaica shares +1 */, "+43664123456": false,
		"+88212345678": false,
		"015112345678": false, "": false, "+49 151 12345678": false,
	} {
		m := message("en")
		m.To = number
		err := g.Send(deadline(t), m)
		assert.Equal(t, sent, err == nil, "%s: %v", number, err)
		if number == "+43664123456" {
			require.ErrorIs(t, err, sms.ErrCountry)
			require.EqualError(t, err, "send message to AT: no messages are sent to that country; see sms.countries")
		}
	}
	assert.Len(t, caught.To(""), 2)

	var log logbook
	s.Countries = nil
	open, err := sms.New(s, endpoint.Options{Log: log.Logger()})
	require.NoError(t, err)
	defer open.Close()
	assert.Contains(t, log.String(), "sms.countries is empty")
}

func TestWhatIsWrongWithAGatewayIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    sms.Settings
		says string
	}{
		"no url":              {sms.Settings{}, "sms: url"},
		"GET":                 {sms.Settings{Method: "get"}, "method: GET has no body"},
		"no code in a text":   {sms.Settings{Texts: map[string]string{"de": "Hallo"}}, "texts.de: it must have {code}"},
		"no text in the body": {sms.Settings{Body: `{"to": "{{.To}}"}`}, "{{.Text}} or {{.Code}} is missing"},
		"an unknown value": {sms.Settings{Body: `{"to": "{{.Phone}}", "text": "{{.Text}}"}`},
			"{{.Phone}} is unknown here"},
		"a text without quotes":  {sms.Settings{Body: `{"to": {{.Text}}}`}, "put values between quotes"},
		"a country":              {sms.Settings{Countries: []string{"Germany"}}, `countries: "Germany"`},
		"too long a timeout":     {sms.Settings{Timeout: time.Minute}, "timeout is 1m0s"},
		"no name of a header":    {sms.Settings{IdempotencyHeader: "a b"}, "idempotency_header"},
		"a brand of two lines":   {sms.Settings{Brand: "a\nb"}, "brand"},
		"a variable is not set":  {sms.Settings{Headers: map[string]string{"A": "${NO_SUCH}"}}, "NO_SUCH is not set"},
		"a success that is none": {sms.Settings{Verdict: endpoint.Verdict{OKStatus: []int{500}}}, "500 is not a 2xx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "no url" {
				c.s.URL = "https://sms.example"
			}
			_, err := sms.New(c.s, endpoint.Options{Env: environment})
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestTheCatcherKeepsThousandMessages(t *testing.T) {
	t.Parallel()
	caught := stub.NewMessages("")
	url := serve(t, caught) + "/messages"
	g := gateway(t, sms.Settings{URL: url, Body: `{"to": "{{.To}}", "text": "{{.Code}}"}`})
	for i := range 1001 {
		m := message("en")
		m.Code = secret(fmt.Sprint(i))
		require.NoError(t, g.Send(deadline(t), m))
	}
	all, err := caught.Wait(deadline(t), "+4915112345678", 1000)
	require.NoError(t, err)
	assert.Equal(t, "1", all[0].Text)
	response, err := http.Get(url + "?to=%2B4915112345678")
	require.NoError(t, err)
	defer response.Body.Close()
	var listed struct{ Messages []stub.Message }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&listed))
	assert.Equal(t, all, listed.Messages)
	http.DefaultClient.CloseIdleConnections()
}

func TestATextOfOursIsSent(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	g := gateway(t, sms.Settings{URL: url, Countries: []string{"DE"}})
	require.NoError(t, g.Tell(t.Context(), "+4930123456", "ref", secret("Your callback: https://bank.example/x")))
	assert.JSONEq(t, `{"to": "+4930123456", "text": "Your callback: https://bank.example/x"}`, <-got)
	require.ErrorIs(t, g.Tell(t.Context(), "+33123456789", "ref", secret("x")), sms.ErrCountry)
	g = gateway(t, sms.Settings{URL: url, Body: `{"to": "{{.To}}", "code": "{{.Code}}"}`})
	require.ErrorIs(t, g.Tell(t.Context(), "+4930123456", "ref", secret("x")), sms.ErrNoText)
}
