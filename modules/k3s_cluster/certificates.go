package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
)

func (t *task) rotateCertificates(context.Context) (string, doing, error) {
	if t.self != "" && t.self != t.Node {
		return "", nil, fmt.Errorf("certificates of %s: this runs on %s; run it on the server itself", t.Node, t.self)
	}
	return "issue new certificates for " + t.Node + " and restart it", func(ctx context.Context) error {
		turn, err := t.cluster.Turn(ctx, cluster.Wish{Node: t.Node, Purpose: cluster.Restart, Timeout: t.timeout(), Hold: 2 * t.timeout()})
		if err != nil {
			return err
		}
		err = t.renew(ctx, turn)
		t.msg = t.Node + " has new certificates"
		return errors.Join(err, turn.Release(ctx))
	}, nil
}

// renew stops the server, as k3s wants it, and starts it again whatever came of it, also if the run is to end: the next one would find no
// server to ask.
func (t *task) renew(ctx context.Context, turn *cluster.Turn) error {
	system, err := service.Find(ctx, t.host)
	if err != nil {
		return err
	}
	within, cancel := turn.Context(ctx)
	defer cancel()
	renewed := system.Stop(within, service.Server)
	if renewed == nil {
		renewed = cluster.RotateCertificates(within, t.host, t.k3s(), t.DataDir)
	}
	log, err := startAnyway(ctx, system)
	if err == nil {
		err = service.Await(within, system, service.Server, log, t.timeout())
	}
	if err == nil {
		err = t.cluster.AwaitServer(within, t.Node, "", t.timeout())
	}
	return errors.Join(renewed, err)
}

// startTimeout is what it takes to have the init system start a service, on a busy machine.
const startTimeout = time.Minute

func startAnyway(ctx context.Context, system service.System) (service.Log, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	return system.Start(ctx, service.Server)
}
