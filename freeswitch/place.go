package freeswitch

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// placeWithin bounds the connection to a server that is to place a call.
const placeWithin = 3 * time.Second

// reach connects to the first server that answers.
func reach(ctx context.Context, servers []Server) (*Inbound, error) {
	var errs []error
	for _, s := range servers {
		server := NewInbound(s)
		within, cancel := context.WithTimeout(ctx, placeWithin)
		_, err := server.API(within, "uuid_exists "+uuid.NewString())
		cancel()
		if err == nil {
			return server, nil
		}
		server.Close()
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// killCall ends a call, wherever it is, over a connection of its own.
func killCall(s Server, channel string) {
	ctx, cancel := context.WithTimeout(context.Background(), placeWithin)
	defer cancel()
	server := NewInbound(s)
	defer server.Close()
	_, _ = server.API(ctx, "uuid_kill "+channel)
}
