package staff

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"countersign/reports/words"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/asset"
	"countersign/web/people"
)

// framePath begins the addresses that a frame in another page asks, with the session that its script has. What follows
// is the address of the same screen outside of a frame.
const framePath = "/frame"

func isFramed(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, framePath+"/") }

// frameRoutes are for an agent's screen inside another page.
func (p *Pages) frameRoutes() []access.Route {
	public := func(method, path string, h http.Handler) access.Route {
		return access.Route{Method: method, Path: path, Rule: access.Public(), Handler: h}
	}
	framed := func(method, path string, h handler) access.Route {
		return access.Route{
			Method: method, Path: framePath + path, Rule: access.Framed(access.Agent), Handler: p.handleScript(h),
		}
	}
	stream := framed("GET", "/stream", p.stream)
	stream.Stream = true
	return []access.Route{
		public("GET", "/embed/pop.js", asset.ForAnyPage("pop.js")),
		public("GET", "/embed/desk", p.handle(p.frame)),
		public("POST", "/embed/session", p.handleScript(p.beginFrame)),
		framed("GET", "/desk", p.desk),
		framed("POST", "/desk/seen", p.seen),
		framed("POST", "/desk/calls/{call}/step-up", p.stepUp),
		framed("POST", "/desk/callbacks/{callback}/take", p.takeCallback),
		framed("POST", "/desk/callbacks/{callback}/say", p.sayCallback),
		stream,
	}
}

// Framed implements web.Staff.
func (p *Pages) Framed(r *http.Request) (access.Who, bool, error) {
	session, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || p.Frames == nil {
		return access.Who{}, false, nil
	}
	return p.Frames.Who(r.Context(), session)
}

// still is whose the request of a stream is by now.
func (p *Pages) still(r *http.Request) (access.Who, bool, error) {
	if isFramed(r) {
		return p.Framed(r)
	}
	return p.Sessions.Now(r)
}

// framePage is what a frame shows before it has a session.
type framePage struct {
	// Origins are those of the pages that may frame us, separated by spaces.
	Origins string
}

// frame is the page that the pages named in the settings may frame. It shows nothing of anybody: its script gets a token
// from the page around it, and fetches the rest. Its language is that of the page around it.
func (p *Pages) frame(w http.ResponseWriter, r *http.Request) error {
	shown := p.page(r, framePage{Origins: strings.Join(p.Embed, " ")})
	if l, err := words.Parse(r.FormValue("language")); err == nil && r.FormValue("language") != "" {
		shown.Language = l
	}
	if len(p.Embed) > 0 {
		w.Header().Del("X-Frame-Options") // it cannot name origins
	}
	return p.write(w, r, http.StatusOK, "frame", shown)
}

// frameAncestors are the pages that may frame the answer to r.
func (p *Pages) frameAncestors(r *http.Request) string {
	if r.URL.Path == "/embed/desk" && len(p.Embed) > 0 {
		return strings.Join(p.Embed, " ")
	}
	return "'none'"
}

// maxToken bounds what a frame sends to begin a session.
const maxToken = 4 << 10

// beginFrame begins the session of a frame with a token.
func (p *Pages) beginFrame(w http.ResponseWriter, r *http.Request) error {
	if p.Frames == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	var in struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxToken)).Decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	begun, err := p.Frames.Begin(r.Context(), in.Token)
	if errors.Is(err, people.ErrEmbedToken) {
		return refuse(http.StatusUnprocessableEntity, "frame_refused")
	}
	if err != nil {
		return p.peopleError(err)
	}
	if before, ok, err := p.Framed(r); !ok || err != nil || before.ID != begun.Person { // not only renewed
		p.note(r, begun.Person, audit.SignedIn, "person "+begun.Person, "in a frame, by the key "+begun.Key+", from "+from(r))
	}
	return answerJSON(w, http.StatusOK, map[string]any{
		"session": begun.Session, "expires_in": int(p.Frames.Life.Seconds()), "person": begun.Person,
	})
}

// done says that what was asked on an agent's screen is done: a browser goes back to it, a frame stays on it.
func done(w http.ResponseWriter, r *http.Request) error {
	if isFramed(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, "/desk", http.StatusSeeOther)
	return nil
}
