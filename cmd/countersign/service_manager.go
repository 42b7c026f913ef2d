package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"countersign/esl"
)

// manager tells systemd how the service is (sd_notify). Without systemd nothing is told.
type manager struct{ log *slog.Logger }

// ready: calls are taken.
func (m manager) ready() { m.tell(daemon.SdNotifyReady) }

// reloading: settings are being read, until ready.
func (m manager) reloading() {
	m.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// stopping: calls are refused, and the running ones may take so long. systemd waits for that, whatever TimeoutStopSec.
func (m manager) stopping(within time.Duration) {
	m.tell(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", daemon.SdNotifyStopping, within.Microseconds()))
}

func (m manager) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		m.log.Warn("systemd is not told how this service is", "err", err)
	}
}

// watch tells systemd again and again that the service is alive, until ctx ends: as long as it takes connections at
// address as it does from FreeSWITCH. Without an address the process alone is watched. When nothing is told for
// WatchdogSec, systemd restarts the service: FreeSWITCH takes the calls to an agent.
func (m manager) watch(ctx context.Context, address string) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		m.log.Warn("systemd does not watch this service", "err", err)
	}
	if within <= 0 {
		return
	}
	for tick := time.NewTicker(within / 4); ; {
		if address == "" || takesConnections(ctx, address, within/4) {
			m.tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// takesConnections: a service that refuses calls is alive, too.
func takesConnections(ctx context.Context, address string, within time.Duration) bool {
	err := esl.Probe(ctx, address, within)
	return err == nil || errors.Is(err, esl.ErrRefusing)
}
