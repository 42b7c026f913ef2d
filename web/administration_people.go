package web

import (
	"net/http"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
)

// person is somebody who may sign in to the screens, without their secrets.
type person struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Roles    []access.Role `json:"roles"`
	Lines    []string      `json:"lines"`
	Agents   []string      `json:"agents"`
	Language string        `json:"language,omitempty"`
	State    string        `json:"state"`
	Passkeys int           `json:"passkeys"`
	Created  time.Time     `json:"created"`
}

func shownPerson(p people.Person) person {
	return person{
		ID: p.ID, Name: p.Name, Roles: emptyIfNil(p.Roles), Lines: emptyIfNil(p.Lines), Agents: emptyIfNil(p.Agents),
		Language: p.Language, State: p.State(), Passkeys: len(p.Passkeys), Created: p.Created,
	}
}

// wantedPerson is what may be set of a person.
type wantedPerson struct {
	Name     string        `json:"name"`
	Roles    []access.Role `json:"roles"`
	Lines    []string      `json:"lines"`
	Agents   []string      `json:"agents"`
	Language string        `json:"language"`
	Disabled bool          `json:"disabled"`
}

func (w wantedPerson) set(p *people.Person) {
	p.Name, p.Roles, p.Lines, p.Agents, p.Language, p.Disabled = w.Name, w.Roles, w.Lines, w.Agents, w.Language, w.Disabled
}

const personBody = `{"name": "…", "roles": ["agent"], "lines": [], "agents": ["1001"], "language": "de", "disabled": false}`

func (a *api) people(w http.ResponseWriter, r *http.Request, in *Administration) error {
	all, err := in.People.All(r.Context())
	if err != nil {
		return stateError(err)
	}
	shown := make([]person, len(all))
	for i, p := range all {
		shown[i] = shownPerson(p)
	}
	return answer(w, http.StatusOK, map[string]any{"people": shown})
}

func (a *api) person(w http.ResponseWriter, r *http.Request, in *Administration) error {
	p, err := in.People.Get(r.Context(), r.PathValue("person"))
	if err != nil {
		return stateError(err)
	}
	return answer(w, http.StatusOK, shownPerson(p))
}

// invitation is a link that is shown once.
type invitation struct {
	Person  person    `json:"person"`
	Link    string    `json:"link"`
	Expires time.Time `json:"expires"`
}

func (a *api) addPerson(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var body struct {
		ID string `json:"id"`
		wantedPerson
	}
	if err := readJSON(w, r, &body, `{"id": "…", `+personBody[1:]); err != nil {
		return err
	}
	p := people.Person{ID: body.ID}
	body.set(&p)
	if err := p.Check(); err != nil {
		return badRequest("The person is wrong: " + err.Error() + ".")
	}
	p, err := in.People.Add(r.Context(), p)
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.PersonAdded, "person "+p.ID, people.RolesText(p))
	return a.invite(w, r, p, http.StatusCreated)
}

func (a *api) changePerson(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var body wantedPerson
	if err := readJSON(w, r, &body, personBody); err != nil {
		return err
	}
	var wrong error
	p, err := in.People.Change(r.Context(), r.PathValue("person"), func(p *people.Person) error {
		body.set(p)
		wrong = p.Check()
		return wrong
	})
	switch {
	case wrong != nil:
		return badRequest("The person is wrong: " + wrong.Error() + ".")
	case err != nil:
		return stateError(err)
	}
	a.audited(r, audit.PersonChanged, "person "+p.ID, people.RolesText(p)+", "+p.State())
	return answer(w, http.StatusOK, shownPerson(p))
}

func (a *api) invitePerson(w http.ResponseWriter, r *http.Request, in *Administration) error {
	p, err := in.People.Get(r.Context(), r.PathValue("person"))
	if err != nil {
		return stateError(err)
	}
	return a.invite(w, r, p, http.StatusOK)
}

// invite makes an invitation and answers with it.
func (a *api) invite(w http.ResponseWriter, r *http.Request, p people.Person, status int) error {
	secret, until, err := a.Administration.People.Invite(r.Context(), p.ID)
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.PersonInvited, "person "+p.ID, "")
	return answer(w, status, invitation{Person: shownPerson(p), Link: a.Administration.Invitation(secret), Expires: until})
}

func (a *api) signOutPerson(w http.ResponseWriter, r *http.Request, in *Administration) error {
	id := r.PathValue("person")
	p, err := in.People.Get(r.Context(), id)
	if err != nil {
		return stateError(err)
	}
	if err := in.People.SignOut(r.Context(), p.ID); err != nil {
		return stateError(err)
	}
	a.audited(r, audit.SignedOut, "person "+p.ID, "everywhere")
	return answer(w, http.StatusOK, shownPerson(p))
}
