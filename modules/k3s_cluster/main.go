// Command k3s_cluster is the Ansible module metalstack.initial_cluster.k3s_cluster.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	if err := in.check(); err != nil {
		return ansible.Result{}, err
	}
	h, err := in.Open(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	defer h.Close()
	t := task{params: in, host: h, dry: mode.Check, values: map[string]any{}}
	if t.cluster, err = in.open(ctx, h); err == nil {
		t.self, err = in.self(ctx, h)
	}
	if err != nil {
		return ansible.Result{}, err
	}
	step, do, err := t.plan(ctx)
	result := ansible.Result{Values: t.values}
	if err != nil || do == nil {
		result.Msg, result.Warnings = t.msg, t.warnings
		return result, err
	}
	result.Changed, result.Steps = true, []string{step}
	result.Diff = []ansible.Diff{{Before: "", After: step + "\n"}}
	if mode.Check {
		result.Msg = "would " + step
		return result, nil
	}
	err = do(ctx)
	result.Msg = t.msg
	return result, err
}

// open opens the cluster at the server that runs on the host, or, for check, is on its way up there.
func (in params) open(ctx context.Context, h host.Host) (*cluster.Cluster, error) {
	token, err := host.ReadText(ctx, h, in.tokenFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no k3s server is on this host (%s is missing); run it on a server", in.tokenFile())
	}
	if err != nil {
		return nil, err
	}
	access := cluster.Access{Host: h, URL: in.url(), Token: token, K3s: in.k3s()}
	if in.Operation != check {
		return cluster.Open(ctx, access)
	}
	c, err := cluster.AwaitOpen(ctx, access, in.timeout())
	if err != nil {
		err = fmt.Errorf("%w; mend this server before", err)
	}
	return c, err
}

// self is the node of the server on the host, from the name of its member.
func (in params) self(ctx context.Context, h host.Host) (string, error) {
	name, err := host.ReadText(ctx, h, path.Join(in.DataDir, "server/db/etcd/name"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return cluster.Member{Name: strings.TrimSpace(name)}.Node(), err
}

// describe tells of the cluster in the result.
func describe(nodes []cluster.Node, members cluster.Members) map[string]any {
	told := []map[string]any{}
	for _, n := range nodes {
		role, member := "agent", ""
		m, isMember := members.Of(n.Name)
		if isMember {
			member = map[bool]string{true: "learner", false: "voter"}[m.Learner]
		}
		if n.Server || isMember { // k3s labels its node as a server's only when both have been up for a while
			role = "server"
		}
		told = append(told, map[string]any{
			"name": n.Name, "role": role, "version": n.Version, "ready": n.Ready, "why": n.Why, "cordoned": n.Cordoned, "member": member,
		})
	}
	strays := []string{}
	for _, m := range members {
		if !slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.Name == m.Node() }) {
			strays = append(strays, m.String())
		}
	}
	return map[string]any{"nodes": told, "members_without_node": strays, "etcd": len(members) > 0}
}

func list(words []string) string { return strings.Join(words, ", ") }
