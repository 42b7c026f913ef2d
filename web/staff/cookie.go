package staff

import (
	"net/http"
	"strings"
	"time"

	"countersign/web/people"
)

// cookie is one of ours beside that of the session. Browsers send it to its path and nowhere else.
type cookie struct {
	name, path string
	life       time.Duration
}

var (
	// wallCookie is the secret of a screen on a wall. Browsers keep none for longer.
	wallCookie = cookie{name: "countersign-wall", path: "/wall", life: 400 * 24 * time.Hour}
	// browserCookie says that somebody has signed in in this browser before.
	browserCookie = cookie{name: "countersign-browser", path: "/sign-in", life: people.BrowserLife}
)

func (p *Pages) secure() bool { return strings.HasPrefix(p.URL, "https://") }

func (p *Pages) fullName(c cookie) string {
	if p.secure() {
		return "__Secure-" + c.name
	}
	return c.name
}

func (p *Pages) setCookie(w http.ResponseWriter, c cookie, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: p.fullName(c), Value: value, Path: c.path, HttpOnly: true, Secure: p.secure(),
		SameSite: http.SameSiteLaxMode, MaxAge: int(c.life / time.Second),
	})
}

// cookieOf is the value of a cookie, or "".
func (p *Pages) cookieOf(r *http.Request, c cookie) string {
	got, err := r.Cookie(p.fullName(c))
	if err != nil {
		return ""
	}
	return got.Value
}
