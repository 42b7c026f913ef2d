package web

import (
	"net/http"

	"countersign/store/audit"
	"countersign/web/walls"
)

func (a *api) walls(w http.ResponseWriter, r *http.Request, in *Administration) error {
	all, err := in.Walls.All(r.Context())
	if err != nil {
		return stateError(err)
	}
	return answer(w, http.StatusOK, map[string]any{"walls": emptyIfNil(all)})
}

func (a *api) pairWall(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var body struct {
		Code string `json:"code"`
		Name string `json:"name"`
		By   string `json:"by"`
		Line string `json:"line"`
	}
	err := readJSON(w, r, &body, `{"code": "…", "name": "…", "by": "the id of a person", "line": "…"}`)
	if err != nil {
		return err
	}
	p, err := in.People.Get(r.Context(), body.By)
	if err != nil {
		return stateError(err)
	}
	who := p.Who()
	if p.Disabled || !who.MaySeePersons() || body.Line != "" && !who.Sees(body.Line) {
		return conflict("The screen shows what the person of \"by\" sees, and this person may not see that board.")
	}
	paired, err := in.Walls.Pair(r.Context(), body.Code, walls.Wall{Name: body.Name, By: p.ID, Line: body.Line})
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.WallPaired, "wall "+paired.ID[:12], paired.Name)
	return answer(w, http.StatusCreated, paired)
}

func (a *api) revokeWall(w http.ResponseWriter, r *http.Request, in *Administration) error {
	revoked, err := in.Walls.Revoke(r.Context(), r.PathValue("wall"))
	if err != nil {
		return stateError(err)
	}
	a.audited(r, audit.WallRevoked, "wall "+revoked.ID[:12], revoked.Name)
	return answer(w, http.StatusOK, revoked)
}
