package demo

import (
	"context"
	"errors"
	"time"

	"countersign/freeswitch/sim"
)

// agentsDomain is the domain of the agents' telephones, agentsQueue the queue in which callers wait for them.
const (
	agentsDomain = "bank.example"
	agentsQueue  = "agents@default"
)

// eventSocketPassword is FreeSWITCH's own default.
const eventSocketPassword = "ClueCon"

// missedShare is the share of offers that an agent does not answer.
const missedShare = 0.15

// deskOptions are the sample bank's agents.
func deskOptions(extensions []string) sim.DeskOptions {
	o := sim.DeskOptions{Queue: agentsQueue, Misses: missedShare, Password: eventSocketPassword}
	for _, e := range extensions {
		o.Agents = append(o.Agents, e+"@"+agentsDomain)
	}
	return o
}

// awaitWatched waits until the service hears what agents do.
func (d *demo) awaitWatched(ctx context.Context) error {
	for d.desk != nil && d.desk.Listeners() == 0 {
		select {
		case <-ctx.Done():
			return errors.New("the service did not connect to the agents' FreeSWITCH")
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}
