// Command app is a sample of a company's app, short enough to copy: one HTML page, and the company's server behind it. The
// page needs nothing but the API; the server keeps the API key, which a browser must never have, and says who is signed in.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"
)

//go:embed app.html
var page []byte

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

func run() error {
	a := &app{url: strings.TrimSuffix(os.Getenv("COUNTERSIGN_URL"), "/"), key: os.Getenv("COUNTERSIGN_KEY")}
	if a.url == "" || a.key == "" {
		return errors.New("set COUNTERSIGN_URL and COUNTERSIGN_KEY: the address of the API, and a key with the scopes " +
			"tokens and callbacks")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server := &http.Server{
		Addr: cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8088"), Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second,
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Printf("The sample app is at http://%s\n", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// app is the company's server.
type app struct {
	url, key string
	client   http.Client
	sessions sync.Map // customers, by the random value of their cookie
}

const cookie = "sample-app"

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("POST /sign-in", a.signIn)
	// What the page may ask of the API, each for the customer who is signed in.
	for pattern, to := range map[string]string{
		"POST /api/token":                 "/v1/tokens",
		"GET /api/windows":                "/v1/callback-windows",
		"GET /api/callbacks":              "/v1/callbacks",
		"POST /api/callbacks":             "/v1/callbacks",
		"GET /api/calling":                "/v1/calling",
		"GET /api/alerts":                 "/v1/alerts",
		"POST /api/alerts/{alert}/answer": "/v1/alerts/{alert}/answer",
		"PUT /api/alerts-opt-out":         "/v1/alerts-opt-out",
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.ask(w, r, to) })
	}
	return http.NewCrossOriginProtection().Handler(mux) // no other site may make a browser ask
}

// signIn is a sample: it believes everybody. Yours asks for a password, a passkey, or what you have.
func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	secret := rand.Text()
	a.sessions.Store(secret, r.PostFormValue("customer"))
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// ask passes a request on to the API, with the key, and with the customer who is signed in, whatever the page says.
func (a *app) ask(w http.ResponseWriter, r *http.Request, to string) {
	session, err := r.Cookie(cookie)
	if err != nil {
		session = &http.Cookie{}
	}
	customer, ok := a.sessions.Load(session.Value)
	if !ok {
		http.Error(w, `{"detail": "Sign in first."}`, http.StatusUnauthorized)
		return
	}
	to = strings.ReplaceAll(to, "{alert}", url.PathEscape(r.PathValue("alert")))
	var body io.Reader
	if r.Method == http.MethodGet {
		to += "?" + url.Values{"customer": {customer.(string)}, "line": {r.FormValue("line")}}.Encode()
	} else {
		said := map[string]any{}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&said); err != nil {
			http.Error(w, `{"detail": "The body must be a JSON object."}`, http.StatusBadRequest)
			return
		}
		said["customer"] = customer
		if r.URL.Path == "/api/token" {
			said["methods"] = []string{"password"} // how this server had them sign in
		}
		text, _ := json.Marshal(said) // it was JSON
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	asked, err := http.NewRequestWithContext(ctx, r.Method, a.url+to, body)
	if err != nil {
		http.Error(w, `{"detail": "That is no address."}`, http.StatusBadRequest)
		return
	}
	asked.Header.Set("Authorization", "Bearer "+a.key)
	asked.Header.Set("Content-Type", "application/json")
	answer, err := a.client.Do(asked)
	if err != nil {
		http.Error(w, `{"detail": "The company cannot be asked now."}`, http.StatusBadGateway)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}
