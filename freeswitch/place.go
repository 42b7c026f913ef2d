package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
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

// socketFor is where FreeSWITCH reaches us: set, or else the address by which we reach it, with the port of listen. setting
// is the name of set.
func socketFor(server *Inbound, at net.Addr, set, setting string) (string, error) {
	if set != "" {
		return set, nil
	}
	listen, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return "", err
	}
	near, err := netip.ParseAddrPort(server.conn.nc.LocalAddr().String())
	if err != nil {
		return "", err
	}
	switch at := near.Addr().Unmap(); {
	case listen.Addr().IsUnspecified():
		listen = netip.AddrPortFrom(at, listen.Port())
	case listen.Addr().Unmap().IsLoopback() && !at.IsLoopback(): // its loopback is another machine's
		return "", fmt.Errorf("FreeSWITCH at %s cannot reach %s: set %s or socket.listen", server.server.Address, listen, setting)
	}
	return listen.String(), nil
}
