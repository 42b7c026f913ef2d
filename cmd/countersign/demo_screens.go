package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"countersign/web/access"
	"countersign/web/people"
	"countersign/web/staff"
)

// demoVisitors are whom a visitor of the demo can be.
func demoVisitors() *staff.Demo {
	return &staff.Demo{Key: rand.Text(), Visitors: []people.Person{
		{ID: "agent", Name: "Agent at 1001", Roles: []access.Role{access.Agent}, Agents: []string{"1001"}},
		{ID: "supervisor", Name: "Supervisor", Roles: []access.Role{access.Supervisor}},
		{ID: "business", Name: "Business", Roles: []access.Role{access.Business}},
		{ID: "admin", Name: "Administrator", Roles: []access.Role{access.Admin}},
	}}
}

// addVisitors adds them to those who may sign in.
func (s *service) addVisitors(ctx context.Context) error {
	for _, p := range s.cfg.demo.Visitors {
		if _, err := s.book.Add(ctx, p); err != nil && !errors.Is(err, people.ErrExists) {
			return fmt.Errorf("add a visitor of the demo: %w", err)
		}
	}
	return nil
}

func (s *service) demoURL() string {
	return s.cfg.webURL(s.api.Addr().String()) + "/demo/" + s.cfg.demo.Key
}
