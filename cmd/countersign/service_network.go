package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/bus"
	"countersign/freeswitch"
	"countersign/steps"
	"countersign/store/customers"
	"countersign/web"
)

// listen opens a port. instead says what to do if another program has it.
func listen(setting, address, instead string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s is in use: another countersign may be running; stop it or %s", setting, address,
			instead)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", setting, address, err)
	}
	return l, nil
}

// openNATS returns the external NATS, or starts the embedded one; without that, embedded is nil.
func openNATS(cfg config, log *slog.Logger, open *parts) (at bus.Endpoint, embedded *bus.Embedded, err error) {
	n := cfg.NATS
	if n.URL != "" {
		at, err = bus.External(cfg.external())
		return at, nil, err
	}
	embedded, err = bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: cfg.natsDir(), Listen: n.Listen, User: n.User, Password: n.Password, Token: n.Token,
		Keys: cfg.natsKeys(), Log: log,
	})
	if err != nil {
		return bus.Endpoint{}, nil, err
	}
	open.addQuiet(embedded.Shutdown)
	return embedded.Endpoint(), embedded, nil
}

// openCustomers puts the company's backend in front of the local customers, if there is one.
func openCustomers(cfg config, local *customers.Directory, o endpoint.Options, open *parts) (steps.Directory, error) {
	if cfg.Backend.URL == "" {
		return local, nil
	}
	d, err := backend.New(cfg.Backend, local, o)
	if err != nil {
		return nil, err
	}
	open.addQuiet(d.Close)
	return d, nil
}

// openAPI listens for the API and returns its handler.
func (s *service) openAPI(o web.Options) (handler http.Handler, err error) {
	cfg := s.cfg
	if cfg.Web.Listen == "" {
		return nil, nil
	}
	o.APIKeys = func() []web.Key {
		keys, _ := s.settings.get().apiKeys() // checked when they were read
		return keys
	}
	if isOpenToNetwork(cfg.Web.Listen) && !cfg.webTLS() {
		s.log.Warn("the API is open to the network without TLS: keys, passwords and tokens can be read on the way, "+
			"set web.tls, or put a proxy in front that does TLS", "listen", cfg.Web.Listen)
	}
	l, err := listen("web.listen", cfg.Web.Listen, `set another address, or "" for no API`)
	if err != nil {
		return nil, err
	}
	s.api = l
	s.parts.addQuiet(func() { _ = l.Close() })
	if len(cfg.FreeSWITCH) > 0 {
		stepUps := freeswitch.NewStepUps(freeswitch.Options{
			Servers: cfg.eventSockets(), Calls: s.state.Calls(), Log: s.log,
		})
		s.parts.addQuiet(stepUps.Close)
		o.StepUps = stepUps
	}
	if err := web.CheckTLS(cfg.Web.TLS.Cert, cfg.Web.TLS.Key); err != nil {
		return nil, fmt.Errorf("web.tls: %w", err)
	}
	s.addScreens(&o)
	return web.New(o), nil
}
