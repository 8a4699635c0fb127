package kindbox

import (
	"context"
	"time"

	"github.com/gwctl/gwctl/sandbox/deploy"
)

// State is how it stands with the cluster.
type State int

// The states.
const (
	// Absent: there is no cluster.
	Absent State = iota
	// Broken: it is there, but something does not answer.
	Broken
	// Paused: its nodes are frozen.
	Paused
	// Running: its gateways answer.
	Running
)

// Look tells how it stands, without changing anything: the state and why, the
// gateways, and the port for clients.
func (b *Box) Look(ctx context.Context) (st State, why string, gateways []deploy.Gateway, port int, err error) {
	s, err := b.readState()
	if err != nil {
		return Broken, err.Error(), nil, 0, err
	}
	if s == nil {
		return Absent, "there is no cluster", nil, 0, nil
	}
	if s.Creating {
		return Broken, "its cluster is not complete", nil, s.Port, nil
	}
	quick, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	asked := b.ask(quick)
	select { // the shortest way first: when the gateways answer soon, no engine is asked
	case a := <-asked:
		if a.err == nil {
			return Running, "", a.list, s.Port, nil
		}
		asked <- a
	case <-time.After(soon): // nodes that rest never let them answer
	}
	engineErr := b.see(ctx)
	st, why, idle := b.rests()
	if idle && engineErr == nil {
		return st, why, nil, s.Port, nil
	}
	a := <-asked
	switch {
	case a.err == nil:
		return Running, "", a.list, s.Port, nil
	case engineErr != nil:
		return Broken, engineErr.Error(), nil, s.Port, nil
	case st != Running:
		return st, why, nil, s.Port, nil
	}
	return Broken, a.err.Error(), nil, s.Port, nil
}

// answer is what the gateways answered.
type answer struct {
	list []deploy.Gateway
	err  error
}

// ask asks the gateways.
func (b *Box) ask(ctx context.Context) chan answer {
	asked := make(chan answer, 1)
	if err := b.connect(); err != nil {
		asked <- answer{err: err}
		return asked
	}
	conn := b.inside.Conn
	go func() {
		list, err := deploy.Gateways(ctx, conn)
		asked <- answer{list, err}
	}()
	return asked
}

// rests tells how the nodes stand, and whether none of them runs.
func (b *Box) rests() (st State, why string, idle bool) {
	paused, stopped := b.resting()
	idle = len(paused)+len(stopped) == len(b.nodes)
	switch {
	case len(b.nodes) == 0:
		return Broken, "its cluster has gone", true
	case len(paused) > 0:
		return Paused, "its nodes are paused", idle
	case len(stopped) > 0:
		return Broken, "its node " + stopped[0].Name + " is stopped", idle
	}
	return Running, "", false
}
