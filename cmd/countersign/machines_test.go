//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/internal/nettest"
	"countersign/session/event"
)

// atAPerson is the promise for a caller whose node has died.
const atAPerson = 5 * time.Second

// callersAtOnce are on the telephone all the time.
const callersAtOnce = 30

// TestSeveralMachines does to three call nodes and three NATS servers what happens to machines, while calls run. The
// counts of docs/several-machines.md are what it logs.
func TestSeveralMachines(t *testing.T) {
	if os.Getenv(machinesVariable) == "" {
		t.Skipf("it takes minutes and a network of its own: run it by `task machines`, or with %s=1", machinesVariable)
	}
	if !nettest.Alone(t) {
		return
	}
	s := newMachines(t)
	s.awaitReplicas()
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a node is killed", s.nodeIsKilled},
		{"a NATS server is killed", s.serverIsKilled},
		{"a NATS server loses the others", s.serverLosesTheOthers},
		{"a NATS server falls silent", s.serverFallsSilent},
		{"a node loses NATS", s.nodeLosesNATS},
		{"a new version is rolled out", s.rollOut},
	} {
		if !t.Run(c.name, c.run) {
			return
		}
	}
}

func (s *machines) nodeIsKilled(t *testing.T) {
	load, victim := s.keepCalling(callersAtOnce), s.victim()
	load.during(t, 100)
	s.guess(t, victim, s.nodes[0], 2)
	require.Equal(t, 6, s.crm.of(victim.customer), "of ten tries")
	dead := s.nodes[0]
	load.during(t, 1)
	killed := time.Now()
	dead.kill()
	gone := time.Now()

	// Locks and lines hold on the others.
	s.operator("lines", "apply", s.lineFile("pin: {digits: 6}"))
	load.during(t, 200)
	for _, n := range s.nodes[1:] {
		s.guessUntilLocked(t, victim, n)
	}
	assert.Equal(t, 10, s.crm.of(victim.customer), "tries on three nodes, of which one is dead")
	up := time.Now()
	dead.start()
	load.during(t, 200)
	all := load.stop()
	back := time.Now()
	s.guessUntilLocked(t, victim, dead)
	assert.Equal(t, 10, s.crm.of(victim.customer))

	disturbed := nobodyLost(t, all)
	latest := time.Duration(0)
	var later []placed
	for _, p := range disturbed {
		if p.began.After(gone) {
			later = append(later, p)
			continue
		}
		assert.Equal(t, sim.Resumed, p.result.End)
		latest = max(latest, p.ended.Sub(killed))
	}
	assert.Empty(t, tellAll(later, killed), "calls that began after the death of a node are answered by another")
	assert.NotEmpty(t, disturbed, "somebody was on the node that died")
	assert.Less(t, latest, atAPerson)
	t.Logf("%d calls; %d were on the node, with a person after %s at the latest; calls on the nodes while it was dead: %v",
		len(all), len(disturbed), latest.Round(time.Millisecond), s.onNodes(t, killed, up))
	calls := s.agree(t)
	remembers(t, calls, all)
	for _, events := range calls {
		if events[0].Time.After(back) {
			assert.Equal(t, 1, events[0].LineVersion, "the line that was published while the node was dead")
		}
	}
}

func (s *machines) serverIsKilled(t *testing.T) {
	load := s.keepCalling(callersAtOnce)
	for _, stream := range []string{event.Stream, "KV_guard"} {
		load.during(t, 100)
		leader := s.leader(stream)
		leader.kill()
		load.during(t, 200)
		assert.NotEqual(t, leader, s.leader(stream))
		leader.start()
		s.awaitReplicas()
	}
	all := load.stop()
	assert.Empty(t, tellAll(nobodyLost(t, all), all[0].began), "calls that did not go as they should")
	t.Logf("%d calls, the longest took %s", len(all), longest(all))
	remembers(t, s.agree(t), all)
}

func (s *machines) serverLosesTheOthers(t *testing.T) {
	s.serverApart(t, s.serverOfANode(t), func(m *machine) { m.Cut(s.cluster) }, func(m *machine) { m.Mend(s.cluster) })
}

func (s *machines) serverFallsSilent(t *testing.T) {
	s.serverApart(t, s.leader("KV_guard"), func(m *machine) { m.Cut(s.cluster); m.Cut(s.bus) },
		func(m *machine) { m.Mend(s.cluster); m.Mend(s.bus) })
}

// serverApart parts a NATS server from the others, and heals the network again.
func (s *machines) serverApart(t *testing.T, apart *machine, part, heal func(*machine)) {
	t.Helper()
	load, first, second := s.keepCalling(callersAtOnce/3), s.victim(), s.victim()
	load.during(t, 30)
	part(apart)
	parted := time.Now()
	// While the others choose a leader each node counts for itself; after that they count together again.
	s.guessEverywhere(t, first)
	s.awaitTogether(t)
	t.Logf("all nodes count together again after %s", s.alone(t, parted))
	s.guessEverywhere(t, second)
	assert.Equal(t, 10, s.crm.of(second.customer), "tries on three nodes together")
	load.during(t, 50)
	heal(apart)
	s.awaitReplicas()
	s.awaitTogether(t)
	all := load.stop()
	assert.LessOrEqual(t, s.crm.of(first.customer), 3*10, "tries while each node counted for itself")
	t.Logf("%d tries at a customer while the others chose a leader, %d at another after that", s.crm.of(first.customer),
		s.crm.of(second.customer))
	s.locksHold(t, first, second)
	assert.Empty(t, tellAll(nobodyLost(t, all), all[0].began), "calls that did not go as they should")
	t.Logf("%d calls, the longest took %s", len(all), longest(all))
	remembers(t, s.agree(t), all)
}

func (s *machines) nodeLosesNATS(t *testing.T) {
	load, victim := s.keepCalling(callersAtOnce/3), s.victim()
	load.during(t, 30)
	s.guess(t, victim, s.nodes[1], 1)
	apart := s.nodes[0]
	apart.Cut(s.bus)
	s.guessEverywhere(t, victim)
	tries := s.crm.of(victim.customer)
	assert.LessOrEqual(t, tries, 2*10, "tries on the node that counts for itself, and on the others")
	load.during(t, 50)
	apart.Mend(s.bus)
	s.awaitTogether(t)
	all := load.stop()
	t.Logf("%d tries at a customer, of whom three were before", tries)
	s.locksHold(t, victim)
	assert.Empty(t, tellAll(nobodyLost(t, all), all[0].began), "calls that did not go as they should")
	t.Logf("%d calls, the longest took %s", len(all), longest(all))
	remembers(t, s.agree(t), all)
}

func (s *machines) rollOut(t *testing.T) {
	load := s.keepCalling(callersAtOnce)
	for _, n := range s.nodes {
		load.during(t, 100)
		n.stop()
		assert.Zero(t, n.cmd.ProcessState.ExitCode())
		load.during(t, 30)
		n.program = s.newer
		n.start()
	}
	s.reporter.stop()
	s.reporter.program = s.newer
	s.reporter.start()
	load.during(t, 100)
	all := load.stop()
	assert.Empty(t, tellAll(nobodyLost(t, all), all[0].began), "calls that did not go as they should")
	t.Logf("%d calls, the longest took %s", len(all), longest(all))
	remembers(t, s.agree(t), all)
}

// victim is a customer at whose PIN somebody guesses.
type victim struct{ customer, account string }

func (s *machines) victim() victim {
	s.victims++
	i := manyCallers - s.victims
	return victim{fmt.Sprint("A-", i), account(i)}
}

// guess calls a node so many times, with three wrong PINs each. It returns the reasons with which the calls went on.
func (s *machines) guess(t *testing.T, v victim, n *machine, calls int) (reasons []string) {
	t.Helper()
	phone, err := sim.New(sim.Options{Address: n.address, Speed: 10, DeadMan: 4 * time.Minute})
	require.NoError(t, err)
	for range calls {
		r, err := phone.Call(t.Context(), guesser(anyNumber, v.account, int(s.called.Add(1)), "135790", "246801", "112358"))
		if assert.NoError(t, err) {
			assert.Equal(t, sim.Transferred, r.End, "%s", r.Reason)
		}
		reasons = append(reasons, r.Variables["cs_reason"])
	}
	return reasons
}

// guessUntilLocked guesses on a node until it lets nobody guess any more.
func (s *machines) guessUntilLocked(t *testing.T, v victim, n *machine) {
	t.Helper()
	for range 10 {
		if s.guess(t, v, n, 1)[0] == "locked" {
			return
		}
	}
	assert.Fail(t, "a customer is not locked", "%s on %s", v.customer, n.Name)
}

// guessEverywhere guesses on all nodes at the same time until all are locked.
func (s *machines) guessEverywhere(t *testing.T, v victim) {
	t.Helper()
	var guessing sync.WaitGroup
	for _, n := range s.nodes {
		guessing.Go(func() { s.guessUntilLocked(t, v, n) })
	}
	guessing.Wait()
}

// locksHold requires that nobody may guess at these customers any more, on any node, and that what was counted apart is
// put together.
func (s *machines) locksHold(t *testing.T, victims ...victim) {
	t.Helper()
	for _, v := range victims {
		before := s.crm.of(v.customer)
		for _, n := range s.nodes {
			assert.Equal(t, []string{"locked"}, s.guess(t, v, n, 1), n.Name)
		}
		assert.Equal(t, before, s.crm.of(v.customer), "tries after the network has healed")
		assert.Equal(t, 10, s.failures(t, v.customer), "of all nodes together")
	}
}

// awaitTogether waits until no node counts for itself.
func (s *machines) awaitTogether(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, n := range s.nodes {
			log := n.log()
			if strings.LastIndex(log, "guard store unavailable") > strings.LastIndex(log, "guard store available again") {
				return false
			}
		}
		return true
	}, patience, 50*time.Millisecond, "a node counts for itself")
}

// alone is how long after a moment the last node counted for itself, as the nodes have logged it.
func (s *machines) alone(t *testing.T, since time.Time) (latest time.Duration) {
	t.Helper()
	for _, n := range s.nodes {
		for line := range strings.Lines(n.log()) {
			stamp, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
			at, err := time.Parse(time.RFC3339, stamp)
			if err == nil && at.After(since) && strings.Contains(line, "guard store available again") {
				latest = max(latest, at.Sub(since))
			}
		}
	}
	return latest.Round(100 * time.Millisecond)
}

// lineFile is the built-in line with other questions.
func (s *machines) lineFile(questions string) (file string) {
	file = s.dir + "/line.yaml"
	text := strings.Replace(bankLine("default", "*", questions), "locked: locked XML default", "locked: agents XML default", 1)
	require.NoError(s.t, os.WriteFile(file, []byte(text), 0o600))
	return file
}
