package freeswitch

import (
	"context"
	"errors"

	"countersign/session"
)

// Exists says whether one of the servers has a channel, and whether it is connected with another one. A server that does not
// answer may have it: that is an error, unless another one has it.
func Exists(ctx context.Context, servers []Server, channel string) (there, bridged bool, err error) {
	for _, s := range servers {
		server := NewInbound(s)
		there, askErr := exists(ctx, server, channel)
		if there {
			with, bondErr := variable(ctx, server, channel, "signal_bond")
			server.Close()
			if errors.Is(bondErr, session.ErrUnknownCall) {
				return false, false, nil // over in between
			}
			return true, with != "", bondErr
		}
		server.Close()
		err = errors.Join(err, askErr)
	}
	return false, false, err
}

func exists(ctx context.Context, server *Inbound, channel string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, placeWithin)
	defer cancel()
	there, err := server.API(ctx, "uuid_exists "+channel)
	return there == "true", err
}

// ErrConnected says that a caller is not moved, because somebody talks to them.
var ErrConnected = errors.New("the caller talks to somebody")

// Move takes a caller who talks to nobody to another destination. The error is session.ErrUnknownCall if no server has the
// channel.
func Move(ctx context.Context, servers []Server, channel string, to session.Destination) error {
	if !isUUID(channel) {
		return session.ErrUnknownCall
	}
	for _, s := range servers {
		server := NewInbound(s)
		err := move(ctx, server, channel, to)
		server.Close()
		if !errors.Is(err, session.ErrUnknownCall) {
			return err
		}
	}
	return session.ErrUnknownCall
}

func move(ctx context.Context, server *Inbound, channel string, to session.Destination) error {
	with, err := variable(ctx, server, channel, "signal_bond")
	switch {
	case err != nil:
		return err
	case with != "":
		return ErrConnected
	}
	_, err = server.API(ctx, "uuid_transfer "+channel+" "+to.Extension+" "+to.Dialplan+" "+to.Context)
	return err
}
