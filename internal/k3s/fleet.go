package k3s

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

// checkFleet refuses a release that does not go with those of the other nodes. A server looks at all of them, an agent may ask for the
// version of the API alone.
func (p *Plan) checkFleet(ctx context.Context) error {
	if !p.state.Active || p.target.version == p.binary.version || p.resets(p.want) {
		return nil
	}
	to, err := cluster.ParseVersion(p.target.version)
	if err != nil {
		return err
	}
	if !p.want.server() {
		return p.checkAPI(ctx, to)
	}
	c, err := p.reach(ctx, leastTimeout, p.ended)
	if err != nil || c == nil {
		return err
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	return cluster.CheckFleet(nodes, p.Name(p.want), true, to)
}

// checkLasting refuses settings that the running server's cluster cannot change. What does not answer has nothing to compare with.
func (p *Plan) checkLasting(ctx context.Context) error {
	if !p.want.server() || !p.state.Active || len(p.reasons) == 0 || p.resets(p.want) {
		return nil
	}
	c, err := p.cluster(ctx)
	if err != nil {
		return nil
	}
	runs, err := c.Settings(ctx)
	if err != nil {
		return nil
	}
	return cluster.Wanted(asConfig(p.start.settings)).CheckChange(runs)
}

func (p *Plan) checkAPI(ctx context.Context, to cluster.Version) error {
	out, err := p.host.Run(ctx, p.kubectlCommand("get", "--raw", "/version"))
	if err != nil {
		return fmt.Errorf("ask for the servers' version: %w", err)
	}
	var said struct{ GitVersion string }
	if err := json.Unmarshal([]byte(out.Stdout), &said); err != nil {
		return fmt.Errorf("ask for the servers' version: %w", err)
	}
	have, err := cluster.ParseVersion(said.GitVersion)
	if err == nil && to.Compare(have) > 0 {
		return fmt.Errorf("refusing to go from %s to %s: the servers have %s, and no agent may be newer; upgrade the servers first", p.binary.version, to, have)
	}
	return nil
}
