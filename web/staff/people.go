package staff

import (
	"net/http"
	"strings"
	"time"

	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/people"
)

// personPage is one person.
type personPage struct {
	people.Person
	// Link is an invitation that was just made; it is shown once.
	Link  string
	Until time.Time
}

// Holds says whether the person has the role.
func (p personPage) Holds(role access.Role) bool { return p.Who().Has(role) }

// LineList and AgentList are text for a form.
func (p personPage) LineList() string  { return strings.Join(p.Lines, ", ") }
func (p personPage) AgentList() string { return strings.Join(p.Agents, ", ") }

type peoplePage struct {
	All []people.Person
	Add personPage
}

func (p *Pages) people(w http.ResponseWriter, r *http.Request) error {
	all, err := p.Book.All(r.Context())
	if err != nil {
		return p.peopleError(err)
	}
	return p.show(w, r, "people", peoplePage{All: all, Add: personPage{}})
}

// formPerson reads what an admin may set.
func formPerson(r *http.Request, q *people.Person) {
	q.Name = strings.TrimSpace(r.PostForm.Get("name"))
	q.Roles = nil
	for _, role := range access.Roles() {
		if r.PostForm.Get("role_"+string(role)) != "" {
			q.Roles = append(q.Roles, role)
		}
	}
	q.Lines, q.Agents = listOf(r.PostForm.Get("lines")), listOf(r.PostForm.Get("agents"))
	q.Disabled = r.PostForm.Get("disabled") != ""
}

func listOf(text string) (all []string) {
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == ';' }) {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func (p *Pages) addPerson(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	q := people.Person{ID: strings.ToLower(strings.TrimSpace(r.PostForm.Get("id")))}
	formPerson(r, &q)
	if err := q.Check(); err != nil {
		return p.personProblem(w, r, "people", personPage{Person: q}, err)
	}
	added, err := p.Book.Add(r.Context(), q)
	if err != nil {
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.PersonAdded, "person "+added.ID, people.RolesText(added))
	return p.showInvitation(w, r, added)
}

// personProblem shows the form again with what is wrong.
func (p *Pages) personProblem(w http.ResponseWriter, r *http.Request, name string, form personPage, err error) error {
	var data any = form
	if name == "people" {
		all, listErr := p.Book.All(r.Context())
		if listErr != nil {
			return p.peopleError(listErr)
		}
		data = peoplePage{All: all, Add: form}
	}
	shown := p.page(r, data)
	shown.Problem = shown.T("person_wrong") + " " + err.Error()
	return p.write(w, r, http.StatusUnprocessableEntity, name, shown)
}

func (p *Pages) person(w http.ResponseWriter, r *http.Request) error {
	q, err := p.Book.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return p.peopleError(err)
	}
	return p.show(w, r, "person", personPage{Person: q})
}

func (p *Pages) changePerson(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	id := r.PathValue("id")
	q, err := p.Book.Get(r.Context(), id)
	if err != nil {
		return p.peopleError(err)
	}
	formPerson(r, &q)
	if err := q.Check(); err != nil {
		return p.personProblem(w, r, "person", personPage{Person: q}, err)
	}
	q, err = p.Book.Change(r.Context(), id, func(q *people.Person) error {
		formPerson(r, q)
		return nil
	})
	if err != nil {
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.PersonChanged, "person "+q.ID, people.RolesText(q)+", "+q.State())
	http.Redirect(w, r, "/people", http.StatusSeeOther)
	return nil
}

func (p *Pages) invite(w http.ResponseWriter, r *http.Request) error {
	q, err := p.Book.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return p.peopleError(err)
	}
	return p.showInvitation(w, r, q)
}

// showInvitation makes an invitation and shows its link, once.
func (p *Pages) showInvitation(w http.ResponseWriter, r *http.Request, q people.Person) error {
	who, _ := access.From(r.Context())
	secret, until, err := p.Book.Invite(r.Context(), q.ID)
	if err != nil {
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.PersonInvited, "person "+q.ID, "")
	return p.show(w, r, "person", personPage{Person: q, Link: p.URL + "/join/" + secret, Until: until})
}

func (p *Pages) signOutPerson(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	id := r.PathValue("id")
	if err := p.Book.SignOut(r.Context(), id); err != nil {
		return p.peopleError(err)
	}
	p.note(r, who.ID, audit.SignedOut, "person "+id, "everywhere")
	http.Redirect(w, r, "/people/"+id, http.StatusSeeOther)
	return nil
}
