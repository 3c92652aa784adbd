package k3s

import (
	"context"
	"fmt"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/sweep"
)

// planStop ends k3s, and with state killed its pods.
func (p *Plan) planStop(ctx context.Context) error {
	if p.role == "" {
		return fmt.Errorf("there is no k3s to be %s; run state present first", p.want.State)
	}
	p.target = p.binary
	p.start.settings = p.settings
	if p.state.Running {
		p.planTurn(ctx, cluster.Stop)
		p.add(func(ctx context.Context) error { return p.system.Stop(ctx, p.role) }, "stop %s", service.Name(p.role))
	}
	if p.want.State == Stopped {
		return nil
	}
	if err := p.planSweep(ctx); err != nil {
		return err
	}
	return p.planAside(ctx)
}

func (p *Plan) planSweep(ctx context.Context) error {
	left, err := sweep.Look(ctx, p.host, p.dataDir)
	if err != nil || len(left) == 0 && !p.state.Running {
		return err
	}
	p.sweeps = true
	p.add(func(ctx context.Context) error { return sweep.Away(ctx, p.host, p.dataDir) }, "end all pods, and take away their mounts and network%s", among(left))
	return nil
}

func among(left []string) string {
	if len(left) == 0 {
		return ""
	}
	return " (" + strings.Join(left, ", ") + ")"
}
