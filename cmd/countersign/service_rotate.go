package main

import (
	"fmt"

	"countersign/session/token"
)

// rotation reads the keys again that are in files, and returns what puts them in force, with the login at NATS. Its
// error says what is wrong with them; nothing was changed then.
func (s *service) rotation(cfg config) (rotate func() error, err error) {
	directory := s.companyParts.directory
	peppers, err := loadPepper(cfg)
	if err != nil {
		return nil, err
	}
	if err := directory.CheckPeppers(peppers); err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.pepperPath(), err)
	}
	if !exists(cfg.tokenKeyPath()) {
		return nil, fmt.Errorf("the token key %s is missing: restore it from a backup", cfg.tokenKeyPath())
	}
	keys, err := token.LoadKeys(cfg.tokenKeyPath())
	if err != nil {
		return nil, err
	}
	if err := s.endpoint.CheckLogin(cfg.external()); err != nil {
		return nil, err
	}
	return func() error {
		s.keys.Use(keys)
		if s.embedded != nil {
			s.embedded.SetLogin(cfg.NATS.User, cfg.NATS.Password, cfg.NATS.Token)
		}
		if before := directory.Peppers().String(); before != peppers.String() {
			s.log.Info("peppers reloaded", "peppers", peppers.String())
		}
		s.endpoint.SetLogin(cfg.external())
		return directory.SetPeppers(peppers)
	}, nil
}
